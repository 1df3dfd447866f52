// A disk under SQLite that remembers every write, truncation and sync, can refuse them for want of space, and
// can say what a machine would find on it after the process or the power went at any of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace sweetspot::faults {

// One for the process: SQLite opens every database through it while it lives. Not for two threads.
class RecordingDisk {
 public:
  RecordingDisk();
  ~RecordingDisk();
  RecordingDisk(const RecordingDisk&) = delete;
  RecordingDisk& operator=(const RecordingDisk&) = delete;

  enum class Kind { write, truncate, sync, remove };
  struct Operation {
    Kind kind;
    std::string file;  // name alone
    std::int64_t offset = 0;
    std::string bytes;
  };

  // Of the database, its log and, while it is made, its journal, in order, until stop().
  const std::vector<Operation>& operations() const { return operations_; }
  void stop() { recording_ = false; }

  // The n-th write from now on, and all that follow until there is space again, find the disk full.
  void fill_up_after(std::int64_t writes) { writes_left_ = writes; }
  void make_space() { writes_left_.reset(); }
  std::int64_t refused() const { return refused_; }

  // Files as they are once the first `n` operations were done. After a power cut what no sync has followed
  // is, by chance, there, missing, or there in some of its sectors of 512 bytes.
  using Files = std::map<std::string, std::string>;
  Files after(std::size_t n) const;
  Files after_power_cut(std::size_t n, std::mt19937_64& random) const;
  static void lay_out(const Files& files, const std::filesystem::path& directory);

  // For the functions that SQLite calls.
  bool admits_write();
  void record(Operation operation) {
    if (recording_) operations_.push_back(std::move(operation));
  }

 private:
  std::vector<Operation> operations_;
  bool recording_ = true;
  std::optional<std::int64_t> writes_left_;
  std::int64_t refused_ = 0;
};

}  // namespace sweetspot::faults
