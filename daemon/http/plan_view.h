// A plan as openapi.json describes it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/plan.h"

namespace sweetspot::daemon {

nlohmann::json plan_view(const Plan& plan, const std::vector<std::string>& devices);

}  // namespace sweetspot::daemon
