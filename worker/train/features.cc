#include "worker/train/features.h"

#include <fmt/format.h>

#include <algorithm>

#include "worker/audio/sound_file.h"
#include "worker/train/batch.h"

namespace sweetspot::worker {

std::optional<torch::Tensor> FeatureCache::find(const std::string& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->features;
}

void FeatureCache::put(const std::string& key, const torch::Tensor& features) {
  if (index_.contains(key) || features.nbytes() > budget_) return;
  entries_.push_front({key, features});
  index_[key] = entries_.begin();
  bytes_ += features.nbytes();
  while (bytes_ > budget_) {
    bytes_ -= entries_.back().features.nbytes();
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

SpeechEncoder::SpeechEncoder(WhisperEncoder encoder, std::string name, Placement placement,
                             FeatureCache& cache)
    : encoder_(std::move(encoder)),
      name_(std::move(name)),
      placement_(placement),
      cache_(cache),
      log_mel_(int(encoder_->config().mel_bins)) {}

std::string SpeechEncoder::key(const Utterance& utterance, int depth) const {
  return fmt::format("{}|{}|{}|{}|{}", name_, depth, utterance.audio.string(), utterance.offset,
                     utterance.seconds);
}

bool SpeechEncoder::fits_cache(std::span<const Utterance> utterances, std::size_t depths) const {
  std::size_t frames = 0;
  for (const Utterance& utterance : utterances) frames += std::size_t(kFramesASecond * padded_seconds(utterance));
  return frames * encoder_->config().d_model * c10::elementSize(placement_.dtype) * depths <= cache_.budget();
}

Result<torch::Tensor> SpeechEncoder::mel(const Utterance& utterance) const {
  const auto samples = read_audio(utterance.audio, {utterance.offset, utterance.seconds});
  if (!samples) return samples.error();
  auto padded = pad_to_next_second(*samples);
  // A resampled file can be a sample longer or shorter than its header says.
  padded.resize(padded_seconds(utterance) * kSampleRate);
  return log_mel_(padded).unsqueeze(0);
}

Result<std::vector<torch::Tensor>> SpeechEncoder::encode(std::span<const Utterance> utterances,
                                                         std::span<const int> batch,
                                                         std::span<const int> depths) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> mels;
  for (const int index : batch) {
    auto clip = mel(utterances[index]);
    if (!clip) return clip.error();
    mels.push_back(std::move(*clip));
  }
  auto features = encoder_->features(torch::cat(mels).to(placement_.device, placement_.dtype), depths);
  for (std::size_t d = 0; d < depths.size(); ++d)
    for (std::size_t i = 0; i < batch.size(); ++i)
      cache_.put(key(utterances[batch[i]], depths[d]), features[d][std::int64_t(i)].clone());
  return features;
}

Result<torch::Tensor> SpeechEncoder::features(std::span<const Utterance> utterances,
                                              std::span<const int> batch, int depth,
                                              std::span<const int> depths) {
  std::vector<torch::Tensor> clips(batch.size());  // [T', d] each
  Batch missing;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (auto cached = cache_.find(key(utterances[batch[i]], depth))) clips[i] = *cached;
    else missing.push_back(batch[i]);
  }
  if (missing.empty()) return torch::stack(clips);
  const auto encoded = encode(utterances, missing, depths);
  if (!encoded) return encoded.error();
  const auto& wanted = (*encoded)[std::find(depths.begin(), depths.end(), depth) - depths.begin()];
  std::int64_t next = 0;
  for (torch::Tensor& clip : clips)
    if (!clip.defined()) clip = wanted[next++];
  return torch::stack(clips);
}

}  // namespace sweetspot::worker
