// What is wrong with the devices, for those who wait for them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sweetspot::daemon {

// The problems that the devices of a DeviceList have, in its order.
std::vector<std::string> device_problems(const nlohmann::json& devices);

}  // namespace sweetspot::daemon
