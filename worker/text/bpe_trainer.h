// Learns the merges of a byte-level BPE from sentences.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sweetspot::worker {

// Begins with the 256 letters of the bytes. The count of each pair of symbols, and the words it occurs in,
// are kept up to date, so that a merge costs what it changes.
class BpeTrainer {
 public:
  explicit BpeTrainer(std::span<const std::string> sentences);

  // Joins the most frequent pair, of equals the one of lowest ids. False when no pair is left.
  bool learn_merge();

  const std::vector<std::string>& vocabulary() const { return vocabulary_; }  // by id
  const std::vector<std::string>& merges() const { return merges_; }  // "left right", in the order learnt

 private:
  using Pair = std::pair<int, int>;
  struct Word {
    std::vector<int> symbols;
    std::int64_t count = 0;
  };
  struct PairUse {
    std::int64_t count = 0;
    std::set<int> words;  // may name words that the pair has left since
  };

  int id_of(const std::string& token);
  void count_pairs(int word, std::int64_t count);

  std::vector<std::string> vocabulary_, merges_;
  std::vector<Word> words_;
  std::map<Pair, PairUse> pairs_;
};

}  // namespace sweetspot::worker
