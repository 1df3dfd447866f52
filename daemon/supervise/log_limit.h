// Workers' logs do not fill the disk, whatever a worker prints.
#pragma once

#include <cstdint>
#include <filesystem>

namespace sweetspot::daemon {

struct LogLimit {
  std::uintmax_t most = std::uintmax_t(64) << 20, kept = std::uintmax_t(1) << 20;  // bytes
};

// Of a log that is longer than `most` only the end is kept. Its worker may go on writing: it appends, so what
// it writes meanwhile may be lost and what it writes then follows.
void keep_log_short(const std::filesystem::path& log, LogLimit limit = {});

}  // namespace sweetspot::daemon
