// Encoder features of a corpus. The encoder is frozen, so each clip is encoded once for as long as memory
// lasts; one pass gives the features of every depth that is asked for.
#pragma once

#include <torch/torch.h>

#include <list>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "schemas/result.h"
#include "worker/audio/log_mel.h"
#include "worker/corpus/corpus.h"
#include "worker/model/whisper_encoder.h"

namespace sweetspot::worker {

inline constexpr int kFramesASecond = 50;  // of an encoder

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

// An encoder with the cache in front of it.
class SpeechEncoder {
 public:
  // `name` tells encoders apart in the cache.
  SpeechEncoder(WhisperEncoder encoder, std::string name, Placement placement, FeatureCache& cache);

  // Features at `depth` of clips of one padded length: [B, T', d]. What is not cached is encoded, for all of
  // `depths` at once (depth is one of them). Errors: read_audio's, with the clip's name.
  Result<torch::Tensor> features(std::span<const Utterance> utterances, std::span<const int> batch, int depth,
                                 std::span<const int> depths);

  // Whether the features of these clips at so many depths can all be kept.
  bool fits_cache(std::span<const Utterance> utterances, std::size_t depths) const;

  const WhisperEncoder& encoder() const { return encoder_; }

 private:
  std::string key(const Utterance& utterance, int depth) const;
  // Log-mel of one clip, padded to whole seconds: [1, mels, T]
  Result<torch::Tensor> mel(const Utterance& utterance) const;
  // Encodes clips and caches the result; the features by depth, [B, T', d] each.
  Result<std::vector<torch::Tensor>> encode(std::span<const Utterance> utterances, std::span<const int> batch,
                                            std::span<const int> depths);

  WhisperEncoder encoder_;
  std::string name_;
  Placement placement_;
  FeatureCache& cache_;
  LogMel log_mel_;
};

}  // namespace sweetspot::worker
