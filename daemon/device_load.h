// How busy the devices are: GPUs by NVIDIA's management library, CPU slots by what their worker used of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/nvml.h"

namespace sweetspot::daemon {

struct Load {
  std::optional<double> utilization;        // of its cores, or of its GPU's time; absent: not known
  std::optional<std::int64_t> memory_used;  // bytes: of the worker's process, or of the whole GPU
};

// For any thread. A worker's share is the mean since it was last looked at, a second ago or longer; the first
// time, since its process began.
class DeviceLoad {
 public:
  struct Asked {
    std::string device;
    std::int64_t worker = 0;  // process id; 0: it has none
  };
  std::vector<Load> of(const std::vector<Asked>& devices);

 private:
  struct Sample {
    double at, busy;             // seconds since the machine started; of processor time
    std::optional<double> rate;  // processors used before it
    std::int64_t began;          // to know another process of the same number
  };
  Load cpu(std::int64_t worker, double cores);
  Load gpu(const std::string& device);

  std::mutex mutex_;
  std::map<std::int64_t, Sample> samples_;
  std::unique_ptr<Nvml> nvml_;
};

}  // namespace sweetspot::daemon
