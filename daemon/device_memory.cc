#include "daemon/device_memory.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace sweetspot::daemon {
namespace {

// The part of nvml.h that is used: every function returns 0 when it succeeded.
struct NvmlMemory {
  unsigned long long total, free, used;
};
using Init = int();
using Count = int(unsigned*);
using Handle = int(unsigned, void**);
using Memory = int(void*, NvmlMemory*);

struct Unload {
  void operator()(void* library) const { ::dlclose(library); }
};

template <class Function>
Function* symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

const std::vector<std::int64_t> kNone;

// Asked once: what is installed does not change, and the library takes its time.
const std::vector<std::int64_t>& installed_gpus() {
  static const std::vector<std::int64_t> memory = gpu_memory();
  return memory;
}

std::optional<std::size_t> gpu_number(const std::string& device) {
  constexpr std::string_view kPrefix = "cuda:";
  std::size_t number = 0;
  if (!device.starts_with(kPrefix)) return std::nullopt;
  const auto [end, error] =
      std::from_chars(device.data() + kPrefix.size(), device.data() + device.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::vector<std::int64_t> gpu_memory(const char* library) {
  const std::unique_ptr<void, Unload> nvml(::dlopen(library, RTLD_NOW | RTLD_LOCAL));
  if (!nvml) return {};
  const auto init = symbol<Init>(nvml.get(), "nvmlInit_v2"), stop = symbol<Init>(nvml.get(), "nvmlShutdown");
  const auto count = symbol<Count>(nvml.get(), "nvmlDeviceGetCount_v2");
  const auto handle = symbol<Handle>(nvml.get(), "nvmlDeviceGetHandleByIndex_v2");
  const auto memory = symbol<Memory>(nvml.get(), "nvmlDeviceGetMemoryInfo");
  if (!init || !stop || !count || !handle || !memory || init() != 0) return {};
  std::vector<std::int64_t> bytes;
  unsigned gpus = 0;
  if (count(&gpus) != 0) gpus = 0;
  for (unsigned i = 0; i < gpus; ++i) {
    void* gpu = nullptr;
    NvmlMemory found{};
    if (handle(i, &gpu) != 0 || memory(gpu, &found) != 0) break;  // the rest keep their numbers
    bytes.push_back(std::int64_t(found.total));
  }
  stop();
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
