// What tells a process from a later one with the same pid: its start time, and the boot it belongs to. A
// worker says it in its Hello, and the daemon looks it up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sweetspot {

// What /proc/PID/stat says of a process; times in clock ticks.
struct ProcessStat {
  std::int64_t start = 0;  // since boot (field 22)
  std::int64_t busy = 0;   // of processors, in user and in kernel mode (fields 14 and 15)
  std::int64_t pages = 0;  // of memory that are resident (field 24)
};

// nullopt: there is no such process, or it ended while it was asked about.
std::optional<ProcessStat> process_stat(std::int64_t pid);
std::optional<std::int64_t> process_start_time(std::int64_t pid);

// Of the running kernel; differs after every reboot. Empty when /proc does not tell.
std::string boot_id();

}  // namespace sweetspot
