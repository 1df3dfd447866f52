// Batches of one audio length: clips are padded to whole seconds (at most 30 lengths), and a batch holds
// clips of one length only, so nothing is padded further and a clip's features never depend on its
// neighbours.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "worker/corpus/corpus.h"
#include "worker/model/rng.h"

namespace sweetspot::worker {

using Batch = std::vector<int>;  // indices of utterances

// The whole seconds a clip is padded to: the next full second, at most 30.
int padded_seconds(const Utterance& utterance);

// Cuts utterances into batches by length, shortest first, each length in the order given. With `shuffle`, the
// order within a length and that of the batches are a pure function of (seed, epoch); how many batches there
// are does not depend on it.
struct Shuffle {
  Rng rng;
  int epoch = 0;
};
std::vector<Batch> make_batches(std::span<const Utterance> utterances, int size,
                                std::optional<Shuffle> shuffle = {});

}  // namespace sweetspot::worker
