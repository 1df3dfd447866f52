#include "worker/decode/hypotheses.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace sweetspot::worker {

namespace {
constexpr float kOut = -1e9f;  // the score of a beam that is not to be continued
}

// All beams are empty at first: continuing more than one of them would give the same answer twice.
Hypotheses::Hypotheses(int beams) : running_(beams, Hypothesis{.score = kOut}) { running_[0].score = 0; }

void Hypotheses::advance(const std::vector<Candidate>& candidates, const std::vector<std::int64_t>& ends,
                         const BeamOptions& options) {
  const std::size_t K = running_.size(), length = running_[0].ids.size() + 1;  // with their tokens
  const float norm = std::pow(float(length), float(options.length_penalty));
  std::vector<Hypothesis> next;
  const auto extended = [&](const Candidate& c, float score) {
    Hypothesis hypothesis{running_[c.beam].ids, score, c.beam};
    hypothesis.ids.push_back(c.token);
    return hypothesis;
  };
  for (std::size_t rank = 0; rank < candidates.size(); ++rank) {
    const Candidate& c = candidates[rank];
    const bool is_end = std::ranges::find(ends, c.token) != ends.end();
    if (is_end || length == std::size_t(options.max_new_tokens)) {
      // An end that is not among the K best is lost, and no beam continues from it.
      if (rank < K) finished_.push_back(extended(c, c.score / norm));
    } else if (next.size() < K) {
      next.push_back(extended(c, c.score));
    }
  }
  std::ranges::stable_sort(finished_, std::greater(), &Hypothesis::score);
  if (finished_.size() > K) finished_.resize(K);
  running_ = std::move(next);
  // Closed for good once the best running beam, as long as it is now, could not enter the finished ones.
  const bool full = finished_.size() == K;
  open_ = running_.size() == K && !(full && running_[0].score / norm <= finished_.back().score);
}

}  // namespace sweetspot::worker
