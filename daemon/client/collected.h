// Everything the daemon knows of a sweep, collected over its API.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/client/api.h"

namespace sweetspot::daemon {

// The tables of one sweep that this daemon has, as its own description says; not those that need another one.
Result<std::vector<std::string>, Failure> table_names(Api& api);

// {sweep, runs, tables: {NAME: answer}}.
Result<nlohmann::json, Failure> collect_sweep(Api& api, const std::string& sweep,
                                              const std::vector<std::string>& tables);

}  // namespace sweetspot::daemon
