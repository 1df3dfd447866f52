// How much memory the devices have: GPUs by NVIDIA's management library where it is installed, CPU slots by
// their share of the machine's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sweetspot::daemon {

// Bytes of each GPU in its order on the bus; empty: no library, no driver, no GPU. `library` is loaded at run
// time.
std::vector<std::int64_t> gpu_memory(const char* library = "libnvidia-ml.so.1");

// 1 of "cuda:1"; nullopt: it is no GPU.
std::optional<std::size_t> gpu_number(const std::string& device);

// Bytes for the worker of each device: "cuda:1", or one of several "cpu:..." that share what there is.
// nullopt: not known.
std::vector<std::optional<std::int64_t>> device_memory(const std::vector<std::string>& devices);

}  // namespace sweetspot::daemon
