// NVIDIA's management library, where it is installed: loaded at run time, never linked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace sweetspot::daemon {

struct GpuReading {
  std::int64_t memory = 0, memory_used = 0;  // bytes
  std::optional<double> utilization;         // share of the last sample's time in which a kernel ran
};

// For one thread at a time.
class Nvml {
 public:
  explicit Nvml(const char* library = "libnvidia-ml.so.1");
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  // In their order on the bus; empty: no library, no driver, no GPU.
  std::vector<GpuReading> read() const;

 private:
  struct Functions;
  std::unique_ptr<Functions> functions_;  // nullptr: it is not here
};

}  // namespace sweetspot::daemon
