// What tells a process from a later one with the same pid: its start time, and the boot it belongs to. A
// worker says it in its Hello, and the daemon looks it up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sweetspot {

// Field 22 of /proc/PID/stat, in clock ticks since boot; nullopt: there is no such process.
std::optional<std::int64_t> process_start_time(std::int64_t pid);

// Of the running kernel; differs after every reboot. Empty when /proc does not tell.
std::string boot_id();

}  // namespace sweetspot
