// The beams of one utterance: those that go on, and the answers that have ended. No tensors.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/decode/generation.h"

namespace sweetspot::worker {

// A token that would continue a beam; score: the sum of log probabilities with it.
struct Candidate {
  float score;
  std::int64_t beam, token;
};

class Hypotheses {
 public:
  explicit Hypotheses(int beams);

  // Takes the best candidates, sorted. With one beam only the first counts, and that is greedy search.
  void advance(const std::vector<Candidate>& candidates, const std::vector<std::int64_t>& ends,
               const BeamOptions& options);

  bool open() const { return open_; }  // no answer is final yet
  const TokenIds& answer() const { return finished_.front().ids; }

  std::int64_t beams() const { return std::int64_t(running_.size()); }
  float score(std::int64_t beam) const { return running_[beam].score; }
  std::int64_t last_token(std::int64_t beam) const { return running_[beam].ids.back(); }
  std::int64_t parent(std::int64_t beam) const { return running_[beam].parent; }  // of the beams before

 private:
  struct Hypothesis {
    TokenIds ids;
    float score = 0;
    std::int64_t parent = 0;
  };
  std::vector<Hypothesis> running_, finished_;  // finished: best first
  bool open_ = true;
};

}  // namespace sweetspot::worker
