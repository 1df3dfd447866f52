#include "daemon/device_load.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "daemon/device_memory.h"
#include "schemas/process_identity.h"

namespace sweetspot::daemon {
namespace {

constexpr double kShortest = 1;  // seconds that a share is the mean of

double seconds(std::int64_t ticks) { return double(ticks) / double(::sysconf(_SC_CLK_TCK)); }

double seconds_up() {
  double seconds = 0;
  std::ifstream("/proc/uptime") >> seconds;
  return seconds;
}

}  // namespace

Load DeviceLoad::cpu(std::int64_t worker, double cores) {
  const auto process = worker > 0 ? process_stat(worker) : std::nullopt;
  if (!process) return {};
  const double now = seconds_up();
  auto [known, is_new] = samples_.try_emplace(worker);
  Sample& sample = known->second;
  if (is_new || sample.began != process->start)
    sample = {.at = seconds(process->start), .busy = 0, .rate = {}, .began = process->start};
  if (const double busy = seconds(process->busy); now - sample.at >= kShortest)
    sample = {
        .at = now, .busy = busy, .rate = (busy - sample.busy) / (now - sample.at), .began = process->start};
  Load load{.memory_used = process->pages * ::sysconf(_SC_PAGESIZE)};
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
