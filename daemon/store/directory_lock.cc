#include "daemon/store/directory_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace sweetspot::daemon {
namespace {

std::string holder_of(int file) {
  char text[32] = {};
  const auto length = ::pread(file, text, sizeof text - 1, 0);
  std::string pid(text, std::size_t(std::max<ssize_t>(length, 0)));
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  return pid.empty() ? "unknown" : pid;
}

}  // namespace

Result<DirectoryLock> DirectoryLock::take(const std::filesystem::path& directory) {
  const auto path = directory / "lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) {
    return Error{"state_unwritable", fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)),
                 "check the permissions of the state directory"};
  }
  DirectoryLock lock(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    return Error{"state_locked",
                 fmt::format("{} is in use by the daemon with pid {}", directory.string(), holder_of(file)),
                 "stop that daemon, or start this one with another --state directory"};
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, pid.data(), pid.size(), 0) != ssize_t(pid.size())) {
    return Error{"state_unwritable", fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)),
                 "free space on the disk that holds the state directory"};
  }
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace sweetspot::daemon
