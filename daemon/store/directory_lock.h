// At most one daemon a state directory.
#pragma once

#include <filesystem>
#include <utility>

#include "schemas/result.h"

namespace sweetspot::daemon {

// Holds flock on <directory>/lock, which names the holder's pid. The kernel lets go of it when the process
// dies, however it dies.
class DirectoryLock {
 public:
  // Code state_locked, naming the pid of the holder, when another process has it.
  static Result<DirectoryLock> take(const std::filesystem::path& directory);
  DirectoryLock(DirectoryLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_;
};

}  // namespace sweetspot::daemon
