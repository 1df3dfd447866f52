#include "daemon/http/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace sweetspot::daemon {

OpenFile::OpenFile(int descriptor, std::int64_t size, std::string etag)
    : descriptor_(descriptor), size_(size), etag_(std::move(etag)) {}

OpenFile::~OpenFile() { close(descriptor_); }

std::string OpenFile::read(std::int64_t offset, std::size_t limit) const {
  std::string bytes(std::min(limit, std::size_t(std::max<std::int64_t>(0, size_ - offset))), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = pread(descriptor_, bytes.data() + done, bytes.size() - done, offset + off_t(done));
    if (count <= 0) break;
    done += std::size_t(count);
  }
  bytes.resize(done);
  return bytes;
}

std::shared_ptr<const OpenFile> open_beneath(const std::filesystem::path& root,
                                             const std::filesystem::path& name) {
  if (name.is_absolute() || std::find(name.begin(), name.end(), "..") != name.end()) return nullptr;
  const int directory = open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  // Not to wait for a pipe that lies where a file should.
  const open_how how{.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                     .mode = 0,
                     .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
  const int file = int(syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how));
  if (directory >= 0) close(directory);
  struct stat status {};
  if (file < 0) return nullptr;
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return close(file), nullptr;
  return std::make_shared<OpenFile>(
      file, status.st_size,
      fmt::format("\"{:x}-{:x}{:09x}\"", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec));
}

FilePart read_part(const OpenFile& file, std::int64_t offset, std::size_t limit) {
  offset = std::clamp<std::int64_t>(offset, 0, file.size());
  return {.bytes = file.read(offset, limit), .offset = offset, .size = file.size()};
}

FilePart read_tail(const OpenFile& file, std::int64_t lines, std::size_t limit) {
  FilePart part = read_part(file, file.size() - std::int64_t(limit), limit);
  std::size_t begin = part.bytes.size();
  for (std::int64_t seen = 0; begin > 0; --begin)
    if (part.bytes[begin - 1] == '\n' && begin < part.bytes.size() && ++seen == lines) break;
  part.bytes.erase(0, begin);
  part.offset += std::int64_t(begin);
  return part;
}

}  // namespace sweetspot::daemon
