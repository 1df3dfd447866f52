#include "daemon/supervise/log_limit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace sweetspot::daemon {
namespace {

constexpr std::string_view kCut = "[what stood before was cut off: the log had grown too long]\n";

}  // namespace

void keep_log_short(const std::filesystem::path& log, LogLimit limit) {
  const int file = ::open(log.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat about {};
  if (file >= 0 && ::fstat(file, &about) == 0 && S_ISREG(about.st_mode) &&
      std::uintmax_t(about.st_size) > limit.most) {
    std::string end(limit.kept, '\0');
    const auto count = ::pread(file, end.data(), end.size(), about.st_size - off_t(limit.kept));
    end.resize(count > 0 ? std::size_t(count) : 0);
    const std::string left = std::string(kCut) + end.substr(std::min(end.find('\n') + 1, end.size()));
    if (::ftruncate(file, 0) == 0) (void)!::write(file, left.data(), left.size());
  }
  if (file >= 0) ::close(file);
}

}  // namespace sweetspot::daemon
