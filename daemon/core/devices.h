// The devices that runs are given to, from `--devices`. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace sweetspot::daemon {

struct DeviceSpec {
  std::string name;  // "cpu:0", "cuda:1"
  int threads = 1;   // CPU threads of its worker
  bool operator==(const DeviceSpec&) const = default;
};

// What this machine has.
struct Machine {
  int cores = 1;
  int gpus = 0;
};

// "cpu:2" is two CPU slots, "cuda" every GPU, "cuda:0,1" those two; empty: every GPU, or one CPU slot without
// any. The cores are shared out evenly. Errors: bad_devices.
Result<std::vector<DeviceSpec>> parse_devices(std::string_view text, Machine machine);

}  // namespace sweetspot::daemon
