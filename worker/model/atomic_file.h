// A file that appears complete or not at all: written beside its place, fsynced, then renamed.
#pragma once

#include <filesystem>
#include <string_view>

#include "schemas/result.h"

namespace sweetspot::worker {

class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  // without commit() nothing is left behind
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  // Errors: those of unwritable(), for the first write that failed.
  Status commit();

 private:
  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
  int error_ = 0;  // errno of the first failure
};

// disk_full where there is no space, else file_unwritable; with the system's reason, an errno.
Error unwritable(const std::filesystem::path& path, int reason);

// The whole of a small text file at once.
Status write_file(const std::filesystem::path& path, std::string_view text);

// Makes a rename or a new file in `directory` survive a power cut.
void sync_directory(const std::filesystem::path& directory);

}  // namespace sweetspot::worker
