// Byte pair encoding of one word.
#pragma once

#include <cstdint>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "schemas/result.h"

namespace sweetspot::worker {

// The BPE model of a tokenizer.json. Words it has met are cached; safe to use from several threads.
class Bpe {
 public:
  // Reads the section "model". Throws what nlohmann::json throws; what is no BPE is tokenizer_unsupported.
  Status read(const nlohmann::json& model);

  // Token ids of the bytes of one word.
  std::vector<std::int64_t> encode(const std::string& word) const;

  const std::unordered_map<std::string, std::int64_t>& vocabulary() const { return vocabulary_; }

  static constexpr std::int64_t kHighestId = 10'000'000;  // beyond, a file is broken rather than large

 private:
  struct Merge {
    std::int64_t rank, id;
  };

  const Merge* merge_of(std::int64_t left, std::int64_t right) const;
  std::vector<std::int64_t> apply_merges(const std::string& letters) const;

  std::unordered_map<std::string, std::int64_t> vocabulary_;
  std::unordered_map<std::uint64_t, Merge> merges_;  // both ids of a pair -> what it becomes
  bool whole_words_first_ = false;                   // "ignore_merges"
  mutable std::mutex cache_mutex_;
  mutable std::unordered_map<std::string, std::vector<std::int64_t>> cache_;
};

// The error of a tokenizer.json that asks for something a byte-level BPE does not do.
Error tokenizer_unsupported(const std::string& what);

}  // namespace sweetspot::worker
