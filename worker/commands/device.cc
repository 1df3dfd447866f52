#include "worker/commands/device.h"

#include <fmt/format.h>

namespace sweetspot::worker {

void add_device_options(CLI::App& command, DeviceOptions& options) {
  command.add_option("--device", options.device, "cpu or cuda:N")->capture_default_str();
  command.add_option("--threads", options.threads, "threads to compute with; 0: all")
      ->check(CLI::Range(0, 1024));
}

Result<torch::Device> use_device(const DeviceOptions& options) {
  if (options.threads > 0) at::set_num_threads(options.threads);
  // Moments of parameters that get no gradient any more decay until, after some 750 steps, they are numbers
  // that a CPU computes with many times more slowly than with zero.
  at::globalContext().setFlushDenormal(true);
  if (options.device.starts_with("cpu")) return torch::Device(torch::kCPU);
  try {
    const torch::Device device(options.device);
    if (!device.is_cuda()) throw std::invalid_argument(options.device);
    if (device.index() < std::int64_t(torch::cuda::device_count())) return device;
  } catch (const std::exception&) {
    return Error{"device_unknown", "device '" + options.device + "'", "give cpu, cuda or cuda:N", ""};
  }
  return Error{"device_missing",
               fmt::format("device '{}': libtorch sees {} GPUs", options.device, torch::cuda::device_count()),
               "give cpu, or install a driver and a libtorch that fit the GPU", ""};
}

}  // namespace sweetspot::worker
