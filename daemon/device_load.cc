#include "daemon/device_load.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "daemon/device_memory.h"

namespace sweetspot::daemon {
namespace {

constexpr double kShortest = 1;  // seconds that a share is the mean of

struct Usage {
  double busy = 0;                       // seconds of processor time
  std::int64_t began = 0, resident = 0;  // clock ticks since the machine started; bytes
};

// /proc/PID/stat: the command may hold anything, so the fields are counted from behind its last bracket.
std::optional<Usage> read_process(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 2)));
  std::vector<std::string> field{std::istream_iterator<std::string>(fields), {}};  // field[0] is the third
  if (field.size() < 22) return std::nullopt;
  const auto number = [&](std::size_t nth) { return std::stoll(field[nth - 3]); };
  return Usage{.busy = double(number(14) + number(15)) / double(::sysconf(_SC_CLK_TCK)),
               .began = number(22),
               .resident = number(24) * ::sysconf(_SC_PAGESIZE)};
}

double seconds_up() {
  double seconds = 0;
  std::ifstream("/proc/uptime") >> seconds;
  return seconds;
}

}  // namespace

Load DeviceLoad::cpu(std::int64_t worker, double cores) {
  const auto process = worker > 0 ? read_process(worker) : std::nullopt;
  if (!process) return {};
  const double now = seconds_up();
  auto [known, is_new] = samples_.try_emplace(worker);
  Sample& sample = known->second;
  if (is_new || sample.began != process->began)
    sample = {.at = double(process->began) / double(::sysconf(_SC_CLK_TCK)),
              .busy = 0,
              .rate = {},
              .began = process->began};
  if (now - sample.at >= kShortest)
    sample = {.at = now,
              .busy = process->busy,
              .rate = (process->busy - sample.busy) / (now - sample.at),
              .began = process->began};
  Load load{.memory_used = process->resident};
  if (sample.rate) load.utilization = std::clamp(*sample.rate / cores, 0.0, 1.0);
  return load;
}

Load DeviceLoad::gpu(const std::string& device) {
  if (!nvml_) nvml_ = std::make_unique<Nvml>();
  const auto gpus = nvml_->read();
  const auto number = gpu_number(device);
  if (!number || *number >= gpus.size()) return {};
  return {.utilization = gpus[*number].utilization, .memory_used = gpus[*number].memory_used};
}

std::vector<Load> DeviceLoad::of(const std::vector<Asked>& devices) {
  const std::lock_guard lock(mutex_);
  std::erase_if(samples_, [&](const auto& sample) {
    return std::ranges::find(devices, sample.first, &Asked::worker) == devices.end();
  });
  const auto slots =
      std::ranges::count_if(devices, [](const Asked& asked) { return asked.device.starts_with("cpu"); });
  const double cores =
      double(std::max(1u, std::thread::hardware_concurrency())) / double(std::max<std::ptrdiff_t>(1, slots));
  std::vector<Load> loads;
  for (const auto& [device, worker] : devices)
    loads.push_back(device.starts_with("cpu") ? cpu(worker, std::max(1.0, cores)) : gpu(device));
  return loads;
}

}  // namespace sweetspot::daemon
