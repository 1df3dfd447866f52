#include "worker/train/feature_shards.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "schemas/model_config.h"
#include "schemas/sha256.h"

namespace sweetspot::worker {

namespace {
namespace fs = std::filesystem;
constexpr int kShardSeconds = 256;  // of padded audio: at most about so much is held in memory at a time
constexpr int kMaxBatches = 4;

std::string stretch(const Utterance& utterance) {
  return fmt::format("{}|{}|{}", utterance.audio.string(), utterance.offset, utterance.seconds);
}

std::string identity(const Utterance& utterance) {
  std::error_code ignored;  // a file that is gone is found out when it is read
  const auto size = fs::file_size(utterance.audio, ignored);
  const auto changed = fs::last_write_time(utterance.audio, ignored).time_since_epoch().count();
  return fmt::format("{}|{}|{}\n", stretch(utterance), size, changed);
}

int shard_size(int seconds) {
  return kClipsAPass * std::clamp(kShardSeconds / seconds / kClipsAPass, 1, kMaxBatches);
}
}  // namespace

FeatureShards make_shards(std::span<const Utterance> utterances) {
  FeatureShards shards;
  shards.shard.resize(utterances.size());
  for (const Utterance& utterance : utterances) {
    shards.stretches_.push_back(stretch(utterance));
    shards.frames += std::int64_t(kFramesASecond) * padded_seconds(utterance);
  }
  // Batches of one clip come in the order of lengths, and within a length in that of the split.
  int seconds = 0;
  for (const Batch& batch : make_batches(utterances, 1)) {
    const int clip = batch.front(), length = padded_seconds(utterances[clip]);
    if (length != seconds || std::ssize(shards.clips.back()) == shard_size(length))
      shards.clips.emplace_back();
    seconds = length;
    shards.clips.back().push_back(clip);
    shards.shard[clip] = int(shards.clips.size()) - 1;
  }
  for (const Batch& clips : shards.clips) {
    std::string all;
    for (const int clip : clips) all += identity(utterances[clip]);
    shards.names.push_back(sha256_hex(all));
  }
  return shards;
}

int FeatureShards::place(int clip) const {
  const Batch& all = clips[shard[clip]];
  return int(std::find(all.begin(), all.end(), clip) - all.begin());
}

bool FeatureShards::hold(std::span<const Utterance> utterances, std::span<const int> batch) const {
  return utterances.size() == stretches_.size() && std::all_of(batch.begin(), batch.end(), [&](int clip) {
           return stretches_[clip] == stretch(utterances[clip]);
         });
}

}  // namespace sweetspot::worker
