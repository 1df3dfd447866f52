// Encoder features of a corpus. The encoder is frozen, so each clip is encoded once for as long as memory
// and disk last; one pass gives the features of every depth that is asked for.
#pragma once

#include <torch/torch.h>

#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "schemas/result.h"
#include "worker/audio/log_mel.h"
#include "worker/corpus/corpus.h"
#include "worker/model/whisper_encoder.h"
#include "worker/train/feature_shards.h"
#include "worker/train/feature_store.h"

namespace sweetspot::worker {

// The features used last, up to a budget of bytes.
class FeatureCache {
 public:
  explicit FeatureCache(std::size_t budget) : budget_(budget) {}
  std::optional<torch::Tensor> find(const std::string& key);
  void put(const std::string& key, const torch::Tensor& features);
  std::size_t bytes() const { return bytes_; }
  std::size_t budget() const { return budget_; }

 private:
  struct Entry {
    std::string key;
    torch::Tensor features;
  };
  std::size_t budget_, bytes_ = 0;
  std::list<Entry> entries_;  // the one used last in front
  std::unordered_map<std::string, std::list<Entry>::iterator> index_;
};

// What a worker's encoder has done so far. A device that works by itself counts where it is waited for.
struct EncoderWork {
  double audio_seconds = 0, encode_seconds = 0;  // sound files to log-mel; log-mel to features
  std::int64_t clips = 0, layers = 0;            // layers: of all clips together
  // Of so many clips at a depth, at the mean so far; nullopt: there is none.
  std::optional<double> seconds(std::int64_t clips_there, int depth) const {
    if (clips == 0) return std::nullopt;
    return double(clips_there) * (audio_seconds / double(clips) + depth * encode_seconds / double(layers));
  }
};

// An encoder with memory, and perhaps a disk, in front of it.
class SpeechEncoder {
 public:
  // `name` tells encoders apart in memory. With a store, features are taken from it and put there, and memory
  // keeps them only for a device that has its own.
  SpeechEncoder(WhisperEncoder encoder, std::string name, Placement placement, FeatureCache& cache,
                FeatureStore* store = nullptr);

  // Features at `depth` of clips of one padded length: [B, T', d]. What is not there is encoded, for all of
  // `depths` at once (depth is one of them): its whole shard, if the split's features fit memory or the
  // store, else these clips alone. Errors: read_audio's, with the clip's name.
  Result<torch::Tensor> features(std::span<const Utterance> utterances, std::span<const int> batch, int depth,
                                 std::span<const int> depths);

  // Whether the features of these clips at so many depths can all be kept.
  bool fits_cache(std::span<const Utterance> utterances, std::size_t depths);

  // Depths that others will want of what is encoded here, and that the store should have then.
  void expect(std::span<const int> depths) { expected_ = {depths.begin(), depths.end()}; }

  const WhisperEncoder& encoder() const { return encoder_; }
  const EncoderWork& work() const { return work_; }

 private:
  using Clips = FeatureStore::Clips;
  using AtDepths = std::map<int, Clips>;  // [T', d] of each clip

  enum class Kept { on_disk, in_memory, nowhere };
  struct Split {
    std::span<const Utterance> utterances;
    const FeatureShards& shards;
  };
  struct Wanted {
    int depth;
    std::set<int> depths;  // depth among them: what is encoded together
  };

  std::string key(const Utterance& utterance, int depth) const;
  const FeatureShards& shards_of(std::span<const Utterance> utterances, std::span<const int> batch);
  Kept keeps(const FeatureShards& shards, std::size_t depths) const;

  Result<torch::Tensor> in_memory(const Split& split, int clip, const Wanted& wanted);

  // stored_features.cc
  std::string stored_name(const std::string& shard, int depth);
  Result<torch::Tensor> on_disk(const Split& split, int clip, const Wanted& wanted);
  // A shard's: from the store, or encoded into it by whoever comes first.
  Result<Clips> stored(const Split& split, int shard, const Wanted& wanted);
  Result<Clips> store(const Split& split, int shard, const Wanted& wanted);
  bool store_another(const Split& split, int but, const Wanted& wanted);
  std::set<int> missing(const Split& split, int shard, const Wanted& wanted);

  Result<torch::Tensor> streamed(std::span<const Utterance> utterances, std::span<const int> batch, int depth,
                                 std::span<const int> depths);

  // Log-mel of one clip, padded to whole seconds: [1, mels, T]
  Result<torch::Tensor> mel(const Utterance& utterance) const;
  Result<AtDepths> encode(std::span<const Utterance> utterances, std::span<const int> clips,
                          const std::set<int>& depths);
  void remember(std::span<const Utterance> utterances, std::span<const int> clips, const AtDepths& features);

  WhisperEncoder encoder_;
  std::string name_;
  Placement placement_;
  FeatureCache& cache_;
  FeatureStore* store_;
  LogMel log_mel_;
  std::set<int> expected_;
  std::map<std::pair<const Utterance*, std::size_t>, FeatureShards> shards_;  // of the splits seen
  std::map<int, std::string> weights_;  // by depth: what the encoder's features depend on
  EncoderWork work_;
};

}  // namespace sweetspot::worker
