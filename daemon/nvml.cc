#include "daemon/nvml.h"

#include <dlfcn.h>

namespace sweetspot::daemon {
namespace {

// The part of nvml.h that is used: every function returns 0 when it succeeded.
struct Memory {
  unsigned long long total, free, used;
};
struct Utilization {
  unsigned gpu, memory;  // per cent
};

struct Unload {
  void operator()(void* library) const { ::dlclose(library); }
};

template <class Function>
void find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(::dlsym(library, name));
}

}  // namespace

struct Nvml::Functions {
  std::unique_ptr<void, Unload> library;
  int (*init)();
  int (*stop)();
  int (*count)(unsigned*);
  int (*handle)(unsigned, void**);
  int (*memory)(void*, Memory*);
  int (*utilization)(void*, Utilization*);

  bool usable() const { return init && stop && count && handle && memory && init() == 0; }
};

Nvml::Nvml(const char* library) {
  std::unique_ptr<void, Unload> nvml(::dlopen(library, RTLD_NOW | RTLD_LOCAL));
  if (!nvml) return;
  Functions found{};
  find(nvml.get(), "nvmlInit_v2", found.init);
  find(nvml.get(), "nvmlShutdown", found.stop);
  find(nvml.get(), "nvmlDeviceGetCount_v2", found.count);
  find(nvml.get(), "nvmlDeviceGetHandleByIndex_v2", found.handle);
  find(nvml.get(), "nvmlDeviceGetMemoryInfo", found.memory);
  find(nvml.get(), "nvmlDeviceGetUtilizationRates", found.utilization);
  found.library = std::move(nvml);
  if (found.usable()) functions_ = std::make_unique<Functions>(std::move(found));
}

Nvml::~Nvml() {
  if (functions_) functions_->stop();
}

std::vector<GpuReading> Nvml::read() const {
  std::vector<GpuReading> gpus;
  unsigned count = 0;
  if (!functions_ || functions_->count(&count) != 0) return gpus;
  for (unsigned i = 0; i < count; ++i) {
    void* gpu = nullptr;
    Memory memory{};
    Utilization rates{};
    if (functions_->handle(i, &gpu) != 0 || functions_->memory(gpu, &memory) != 0)
      break;  // the rest keep their numbers
    gpus.push_back({.memory = std::int64_t(memory.total), .memory_used = std::int64_t(memory.used)});
    if (functions_->utilization && functions_->utilization(gpu, &rates) == 0)
      gpus.back().utilization = rates.gpu / 100.0;
  }
  return gpus;
}

}  // namespace sweetspot::daemon
