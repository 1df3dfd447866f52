#include "worker/train/batch.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sweetspot::worker {

namespace {
constexpr int kLongest = 30;  // seconds

// Fisher-Yates, drawing from the cell's numbers rather than a library's, which may change.
template <class T>
void shuffle_items(std::vector<T>& items, const Shuffle& shuffle, std::uint64_t part) {
  for (std::size_t i = items.size(); i > 1; --i) {
    const std::uint64_t bits = shuffle.rng.bits(Draw::order, shuffle.epoch, part << 32 | i);
    std::swap(items[i - 1], items[bits % i]);
  }
}
}  // namespace

int padded_seconds(const Utterance& utterance) {
  return std::min(kLongest, int(std::floor(utterance.seconds)) + 1);
}

std::vector<Batch> make_batches(std::span<const Utterance> utterances, int size,
                                std::optional<Shuffle> shuffle) {
  std::map<int, std::vector<int>> by_length;
  for (std::size_t i = 0; i < utterances.size(); ++i)
    by_length[padded_seconds(utterances[i])].push_back(int(i));
  std::vector<Batch> batches;
  for (auto& [seconds, indices] : by_length) {
    if (shuffle) shuffle_items(indices, *shuffle, seconds);
    for (std::size_t begin = 0; begin < indices.size(); begin += size)
      batches.emplace_back(indices.begin() + begin, indices.begin() + std::min(indices.size(), begin + size));
  }
  if (shuffle) shuffle_items(batches, *shuffle, 0);
  return batches;
}

}  // namespace sweetspot::worker
