// Files that handlers hand out: regular ones only, and only what lies where it should.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace sweetspot::daemon {

// A regular file that is open for reading.
class OpenFile {
 public:
  OpenFile(int descriptor, std::int64_t size, std::string etag);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  std::int64_t size() const { return size_; }
  const std::string& etag() const { return etag_; }  // another one when its bytes have changed
  // At most `limit` bytes; fewer at the end, none beyond it.
  std::string read(std::int64_t offset, std::size_t limit) const;

 private:
  int descriptor_;
  std::int64_t size_;
  std::string etag_;
};

// `name` below the directory `root`, which may be a symbolic link itself. nullptr: there is no such regular
// file, or a `..` or a symbolic link is on the way.
std::shared_ptr<const OpenFile> open_beneath(const std::filesystem::path& root,
                                             const std::filesystem::path& name);

struct FilePart {
  std::string bytes;
  std::int64_t offset = 0;  // of the first of them
  std::int64_t size = 0;    // of the whole file
};

FilePart read_part(const OpenFile& file, std::int64_t offset, std::size_t limit);
// The last `lines` lines, as far as they lie within the last `limit` bytes.
FilePart read_tail(const OpenFile& file, std::int64_t lines, std::size_t limit);

}  // namespace sweetspot::daemon
