// Where a command computes.
#pragma once

#include <torch/torch.h>

#include <CLI/App.hpp>
#include <string>

#include "schemas/result.h"

namespace sweetspot::worker {

// Where and with how many threads to compute.
struct DeviceOptions {
  std::string device = "cpu";  // cpu, or cuda:N; what follows "cpu" numbers slots and means nothing here
  int threads = 0;             // 0: as many as the machine has
};
void add_device_options(CLI::App& command, DeviceOptions& options);

// Sets the number of threads. Errors: device_unknown, device_missing.
Result<torch::Device> use_device(const DeviceOptions& options);

}  // namespace sweetspot::worker
