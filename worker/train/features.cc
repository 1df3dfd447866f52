#include "worker/train/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "worker/audio/sound_file.h"

namespace sweetspot::worker {

namespace {
using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}
}  // namespace

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
                             FeatureCache& cache, FeatureStore* store)
    : encoder_(std::move(encoder)),
      name_(std::move(name)),
      placement_(placement),
      cache_(cache),
      store_(store),
      log_mel_(int(encoder_->config().mel_bins)) {}

std::string SpeechEncoder::key(const Utterance& utterance, int depth) const {
  return fmt::format("{}|{}|{}|{}|{}", name_, depth, utterance.audio.string(), utterance.offset,
                     utterance.seconds);
}

const FeatureShards& SpeechEncoder::shards_of(std::span<const Utterance> utterances,
                                              std::span<const int> batch) {
  FeatureShards& shards = shards_[{utterances.data(), utterances.size()}];
  if (shards.clips.empty() || !shards.hold(utterances, batch)) shards = make_shards(utterances);
  return shards;
}

SpeechEncoder::Kept SpeechEncoder::keeps(const FeatureShards& shards, std::size_t depths) const {
  const std::size_t bytes =
      std::size_t(shards.frames) * encoder_->config().d_model * c10::elementSize(placement_.dtype) * depths;
  if (store_ && store_->takes(std::int64_t(bytes))) return Kept::on_disk;
  return bytes <= cache_.budget() ? Kept::in_memory : Kept::nowhere;
}

bool SpeechEncoder::fits_cache(std::span<const Utterance> utterances, std::size_t depths) {
  return keeps(shards_of(utterances, {}), depths) != Kept::nowhere;
}

Result<torch::Tensor> SpeechEncoder::features(std::span<const Utterance> utterances,
                                              std::span<const int> batch, int depth,
                                              std::span<const int> depths) {
  const torch::NoGradGuard no_grad;
  const Split split = {utterances, shards_of(utterances, batch)};
  Clips clips;
  for (const int clip : batch) {
    // Anew for each: a disk may be full since the one before.
    const Kept kept = keeps(split.shards, depths.size());
    if (kept == Kept::nowhere) return streamed(utterances, batch, depth, depths);
    const Wanted wanted = {depth, {depths.begin(), depths.end()}};
    auto features = kept == Kept::on_disk ? on_disk(split, clip, wanted) : in_memory(split, clip, wanted);
    if (!features) return features.error();
    clips.push_back(std::move(*features));
  }
  return torch::stack(clips);
}

Result<torch::Tensor> SpeechEncoder::in_memory(const Split& split, int clip, const Wanted& wanted) {
  if (auto cached = cache_.find(key(split.utterances[clip], wanted.depth))) return *cached;
  const int shard = split.shards.shard[clip];
  auto encoded = encode(split.utterances, split.shards.clips[shard], wanted.depths);
  if (!encoded) return encoded.error();
  remember(split.utterances, split.shards.clips[shard], *encoded);
  return (*encoded)[wanted.depth][split.shards.place(clip)];
}

// Of a split that is too large to be kept: what memory happens to hold, and the rest encoded.
Result<torch::Tensor> SpeechEncoder::streamed(std::span<const Utterance> utterances,
                                              std::span<const int> batch, int depth,
                                              std::span<const int> depths) {
  Clips clips(batch.size());
  Batch missing;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (auto cached = cache_.find(key(utterances[batch[i]], depth))) clips[i] = *cached;
    else missing.push_back(batch[i]);
  }
  auto encoded = encode(utterances, missing, {depths.begin(), depths.end()});
  if (!encoded) return encoded.error();
  remember(utterances, missing, *encoded);
  std::size_t next = 0;
  for (torch::Tensor& clip : clips)
    if (!clip.defined()) clip = (*encoded)[depth][next++];
  return torch::stack(clips);
}

Result<torch::Tensor> SpeechEncoder::mel(const Utterance& utterance) const {
  const auto samples = read_audio(utterance.audio, {utterance.offset, utterance.seconds});
  if (!samples) return samples.error();
  auto padded = pad_to_next_second(*samples);
  // A resampled file can be a sample longer or shorter than its header says.
  padded.resize(padded_seconds(utterance) * kSampleRate);
  return log_mel_(padded).unsqueeze(0);
}

Result<SpeechEncoder::AtDepths> SpeechEncoder::encode(std::span<const Utterance> utterances,
                                                      std::span<const int> clips,
                                                      const std::set<int>& depths) {
  const std::vector<int> wanted(depths.begin(), depths.end());
  AtDepths all;
  for (std::size_t at = 0; at < clips.size(); at += kClipsAPass) {
    const auto begin = Clock::now();
    std::vector<torch::Tensor> mels;
    for (const int clip : clips.subspan(at, std::min<std::size_t>(kClipsAPass, clips.size() - at))) {
      auto one = mel(utterances[clip]);
      if (!one) return one.error();
      mels.push_back(std::move(*one));
    }
    work_.audio_seconds += seconds_since(begin);
    const auto encoding = Clock::now();
    const auto some = encoder_->features(torch::cat(mels).to(placement_.device, placement_.dtype), wanted);
    for (std::size_t d = 0; d < wanted.size(); ++d)
      for (const torch::Tensor& clip : some[d].unbind()) all[wanted[d]].push_back(clip.clone());
    work_.encode_seconds += seconds_since(encoding);
    work_.clips += std::int64_t(mels.size()), work_.layers += std::int64_t(mels.size()) * wanted.back();
  }
  return all;
}

void SpeechEncoder::remember(std::span<const Utterance> utterances, std::span<const int> clips,
                             const AtDepths& features) {
  for (const auto& [depth, some] : features)
    for (std::size_t i = 0; i < clips.size(); ++i) cache_.put(key(utterances[clips[i]], depth), some[i]);
}

}  // namespace sweetspot::worker
