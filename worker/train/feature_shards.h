// The clips of a split in the groups in which they are encoded, kept and shared.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "worker/corpus/corpus.h"
#include "worker/train/batch.h"

namespace sweetspot::worker {

inline constexpr int kClipsAPass = 16;  // clips in one pass of the encoder

struct FeatureShards {
  std::vector<Batch> clips;        // of each shard: some encoding batches of one padded length
  std::vector<std::string> names;  // of each shard: a hash of its clips' identities
  std::vector<int> shard;          // of each clip
  std::int64_t frames = 0;         // of the encoder's output, of all clips

  int place(int clip) const;  // in its shard

  // Whether these are the shards that make_shards would make, as far as these clips tell.
  bool hold(std::span<const Utterance> utterances, std::span<const int> batch) const;

 private:
  friend FeatureShards make_shards(std::span<const Utterance> utterances);
  std::vector<std::string> stretches_;  // of each clip, of which file
};

// A clip's identity is its file's path, size and time of change, and the stretch of it. Clips of a length are
// taken in order, so that a split that begins as another does shares all its shards but the last of a length.
FeatureShards make_shards(std::span<const Utterance> utterances);

}  // namespace sweetspot::worker
