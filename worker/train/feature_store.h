// Encoder features on disk, for the workers of a machine to share. A file holds those of some clips at one
// depth: it appears whole, is mapped to be read, and its checksum is verified first. What lies there may be
// deleted at any time; nobody needs more than a new pass of the encoder to replace it.
#pragma once

#include <torch/torch.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schemas/result.h"

namespace sweetspot::worker {

struct FeatureStoreOptions {
  std::filesystem::path directory;  // empty: no store
  std::int64_t cap = 0;             // bytes of all files together; the least recently used go first
};

// The right to compute something, of one process or thread at a time. The system takes it back from the dead.
class Claim {
 public:
  explicit Claim(int descriptor) : descriptor_(descriptor) {}
  ~Claim();
  Claim(Claim&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Claim& operator=(Claim&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

 private:
  int descriptor_;
};

class FeatureStore {
 public:
  using Clips = std::vector<torch::Tensor>;  // [T', d] each, on the CPU; mapped ones are read only
  enum class Wait { yes, no };

  explicit FeatureStore(FeatureStoreOptions options);

  // Whether so many bytes have room, beside nothing else. False for a while after a write has failed.
  bool takes(std::int64_t bytes) const;

  // What is stored under a name; nullptr: nothing, or nothing whole. Valid until the next call.
  const Clips* find(const std::string& name);
  bool contains(const std::string& name) const;  // looks no further than the name

  // Makes room and stores. A damaged file of that name is replaced. Errors: file_unwritable.
  Status put(const std::string& name, const Clips& clips);

  // nullopt: another has it (never with Wait::yes), or the directory cannot be written to. Names may share a
  // claim: have one at a time.
  std::optional<Claim> claim(const std::string& name, Wait wait);

 private:
  std::filesystem::path file(const std::string& name) const;
  std::optional<Claim> lock(const std::string& lock_name, Wait wait) const;
  void make_room(std::int64_t bytes);

  FeatureStoreOptions options_;
  std::unordered_map<std::string, Clips> open_;
  std::optional<std::chrono::steady_clock::time_point> failed_;
};

}  // namespace sweetspot::worker
