#include "daemon/device_memory.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "daemon/nvml.h"

namespace sweetspot::daemon {
namespace {

const std::vector<std::int64_t> kNone;

// Asked once: what is installed does not change, and the library takes its time.
const std::vector<std::int64_t>& installed_gpus() {
  static const std::vector<std::int64_t> memory = gpu_memory();
  return memory;
}

}  // namespace

std::optional<std::size_t> gpu_number(const std::string& device) {
  constexpr std::string_view kPrefix = "cuda:";
  std::size_t number = 0;
  if (!device.starts_with(kPrefix)) return std::nullopt;
  const auto [end, error] =
      std::from_chars(device.data() + kPrefix.size(), device.data() + device.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

std::vector<std::int64_t> gpu_memory(const char* library) {
  std::vector<std::int64_t> bytes;
  for (const GpuReading& gpu : Nvml(library).read()) bytes.push_back(gpu.memory);
  return bytes;
}

std::vector<std::optional<std::int64_t>> device_memory(const std::vector<std::string>& devices) {
  const auto cpus = std::ranges::count_if(devices, [](auto& name) { return name.starts_with("cpu"); });
  const std::int64_t machine = std::int64_t(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  const bool any_gpu = cpus < std::ssize(devices);
  const auto& gpus = any_gpu ? installed_gpus() : kNone;
  std::vector<std::optional<std::int64_t>> memory;
  for (const std::string& device : devices) {
    const auto number = gpu_number(device);
    if (device.starts_with("cpu")) memory.emplace_back(machine / cpus);
    else if (number && *number < gpus.size()) memory.emplace_back(gpus[*number]);
    else memory.emplace_back();
  }
  return memory;
}

}  // namespace sweetspot::daemon
