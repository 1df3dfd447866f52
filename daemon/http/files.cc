#include "daemon/http/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace sweetspot::daemon {
namespace {

class OpenFile {
 public:
  OpenFile(const std::filesystem::path& file, int flags)
      : fd_(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags)) {
    struct stat status {};
    if (fd_ >= 0 && fstat(fd_, &status) == 0 && S_ISREG(status.st_mode)) size_ = status.st_size;
  }
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  std::optional<std::int64_t> size() const { return size_; }

  FilePart read(std::int64_t offset, std::size_t limit) const {
    FilePart part{.size = size_.value_or(0)};
    part.offset = std::clamp<std::int64_t>(offset, 0, part.size);
    part.bytes.resize(std::min(limit, std::size_t(part.size - part.offset)));
    std::size_t done = 0;
    while (done < part.bytes.size()) {
      const ssize_t count =
          pread(fd_, part.bytes.data() + done, part.bytes.size() - done, part.offset + off_t(done));
      if (count <= 0) break;
      done += std::size_t(count);
    }
    part.bytes.resize(done);
    return part;
  }

 private:
  int fd_;
  std::optional<std::int64_t> size_;
};

}  // namespace

FilePart read_part(const std::filesystem::path& file, std::int64_t offset, std::size_t limit) {
  return OpenFile(file, O_NOFOLLOW).read(offset, limit);
}

FilePart read_tail(const std::filesystem::path& file, std::int64_t lines, std::size_t limit) {
  const OpenFile open_file(file, O_NOFOLLOW);
  FilePart part = open_file.read(open_file.size().value_or(0) - std::int64_t(limit), limit);
  std::size_t begin = part.bytes.size();
  for (std::int64_t seen = 0; begin > 0; --begin)
    if (part.bytes[begin - 1] == '\n' && begin < part.bytes.size() && ++seen == lines) break;
  part.bytes.erase(0, begin);
  part.offset += std::int64_t(begin);
  return part;
}

std::optional<std::string> read_whole(const std::filesystem::path& file, std::size_t limit) {
  const OpenFile open_file(file, 0);
  if (!open_file.size() || *open_file.size() > std::int64_t(limit)) return std::nullopt;
  return open_file.read(0, limit).bytes;
}

}  // namespace sweetspot::daemon
