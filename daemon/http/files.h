// Parts of files that handlers hand out: regular files only, and never more than asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace sweetspot::daemon {

struct FilePart {
  std::string bytes;
  std::int64_t offset = 0;  // of the first of them
  std::int64_t size = 0;    // of the whole file
};

// What cannot be opened, or is no regular file, is empty. A symbolic link is not followed.
FilePart read_part(const std::filesystem::path& file, std::int64_t offset, std::size_t limit);
// The last `lines` lines, as far as they lie within the last `limit` bytes.
FilePart read_tail(const std::filesystem::path& file, std::int64_t lines, std::size_t limit);

// All of a file of at most `limit` bytes; nullopt: it is larger, missing, or no regular file.
std::optional<std::string> read_whole(const std::filesystem::path& file, std::size_t limit);

}  // namespace sweetspot::daemon
