#include "worker/model/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sweetspot::worker {

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)), temporary_(path_.string() + ".part") {
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) error_ = errno;
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty() && !error_) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written >= 0) bytes.remove_prefix(written);
    else if (errno != EINTR) error_ = errno;
  }
}

Status AtomicFile::commit() {
  if (!error_ && ::fsync(descriptor_) != 0) error_ = errno;
  if (!error_ && ::rename(temporary_.c_str(), path_.c_str()) != 0) error_ = errno;
  if (error_) return unwritable(path_, error_);
  ::close(std::exchange(descriptor_, -1));
  sync_directory(path_.parent_path());
  return success();
}

Error unwritable(const std::filesystem::path& path, int reason) {
  const std::string message = path.string() + ": " + std::strerror(reason);
  if (reason == ENOSPC || reason == EDQUOT)
    return {"disk_full", message, "free space on the disk that holds the state directory", ""};
  return {"file_unwritable", message, "check that the directory exists and is writable", ""};
}

Status write_file(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  return file.commit();
}

void sync_directory(const std::filesystem::path& directory) {
  const int descriptor =
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace sweetspot::worker
