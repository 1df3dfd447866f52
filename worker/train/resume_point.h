// Where a cell stands, on disk, so that another attempt goes on from there bit for bit.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "worker/model/safetensors.h"

namespace sweetspot::worker {

struct ResumePoint {
  nlohmann::json state;  // everything that is no tensor
  NamedTensors tensors;  // float32
};

struct ResumePointOptions {
  std::chrono::duration<double> pause = std::chrono::seconds(10);  // at least so long between two
  double share = 0.02;                                             // of the time that writing them may take
  std::uintmax_t free_bytes = std::uintmax_t(256) << 20;           // left free on the disk, whatever happens
  std::size_t kept = 2;                                            // the newest ones of an attempt
};

// Those of one attempt, each a directory <attempt>/checkpoints/<number>-<start of its manifest's SHA-256>
// with state.json, tensors.safetensors and manifest.json (names, sizes and SHA-256 of the two).
class ResumePoints {
 public:
  ResumePoints() = default;
  ResumePoints(std::filesystem::path attempt, ResumePointOptions options);

  // Whether it is time for another one.
  bool due() const;

  // Complete or not at all: written under another name, hashed, fsynced, renamed; then older ones than the
  // last `kept` are removed. Errors: file_unwritable, disk_full (it would leave less than free_bytes); the
  // attempt can go on without, and the ones before are as they were.
  Status save(const ResumePoint& point);

  // The newest one of these attempts, the newest first, of which every byte is as it was written, and what
  // was passed over on the way to it, a sentence each.
  struct Found {
    std::optional<ResumePoint> point;
    std::filesystem::path place;
    std::vector<std::string> rejected;
  };
  Found newest(std::span<const std::filesystem::path> attempts);

 private:
  using Clock = std::chrono::steady_clock;
  void remove_old() const;

  std::filesystem::path directory_;
  ResumePointOptions options_;
  std::int64_t number_ = 0;  // of the newest one, of this attempt or the one it went on from
  Clock::time_point last_ = Clock::now();
  std::chrono::duration<double> cost_{0};  // of the last one
};

}  // namespace sweetspot::worker
