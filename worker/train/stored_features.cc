// SpeechEncoder's dealings with the store: under which names features lie there, and who computes them.
#include <fmt/format.h>
#include <torch/version.h>

#include "schemas/sha256.h"
#include "worker/train/checksum.h"
#include "worker/train/features.h"

namespace sweetspot::worker {

namespace {
// Of the weights that a depth's features depend on: all that is not a layer, and the layers below.
std::uint64_t weights_sum(const WhisperEncoder& encoder, int depth) {
  std::uint64_t sum = 0;
  for (const auto& item : encoder->named_parameters()) {
    const std::string& name = item.key();
    if (name.starts_with("layers.") && std::stoi(name.substr(7)) >= depth) continue;
    const torch::Tensor value = item.value().detach().cpu().contiguous();
    sum = checksum(name, sum);
    sum = checksum({static_cast<const char*>(value.data_ptr()), value.nbytes()}, sum);
  }
  return sum;
}
}  // namespace

// A shard's clips, the front end, the weights' bytes in the precision they compute in, and what computes:
// another device or libtorch may round otherwise.
std::string SpeechEncoder::stored_name(const std::string& shard, int depth) {
  std::string& weights = weights_[depth];
  if (weights.empty()) {
    const WhisperConfig& config = encoder_->config();
    weights = fmt::format("{}|{}|{}|{}|{:016x}|{}|{}", kFrontEnd, config.mel_bins, config.d_model,
                          config.encoder_heads, weights_sum(encoder_, depth),
                          c10::DeviceTypeName(placement_.device.type()), TORCH_VERSION) +
              "|" + c10::toString(placement_.dtype);
  }
  return sha256_hex(shard + "|" + weights).substr(0, 32) + fmt::format("-{}", depth);
}

Result<torch::Tensor> SpeechEncoder::on_disk(const Split& split, int clip, const Wanted& wanted) {
  const std::string key = this->key(split.utterances[clip], wanted.depth);
  if (auto cached = cache_.find(key)) return *cached;
  auto clips = stored(split, split.shards.shard[clip], wanted);
  if (!clips) return clips.error();
  const torch::Tensor& features = (*clips)[split.shards.place(clip)];
  if (placement_.device.is_cpu()) return features;  // how much of it stays in memory is the system's choice
  const auto moved = features.to(placement_.device);
  cache_.put(key, moved);
  return moved;
}

Result<SpeechEncoder::Clips> SpeechEncoder::stored(const Split& split, int shard, const Wanted& wanted) {
  const std::string& name = split.shards.names[shard];
  for (;;) {
    if (const Clips* found = store_->find(stored_name(name, wanted.depth))) return *found;
    auto claim = store_->claim(name, FeatureStore::Wait::no);
    if (!claim && store_another(split, shard, wanted)) continue;
    if (!claim) claim = store_->claim(name, FeatureStore::Wait::yes);
    return store(split, shard, wanted);
  }
}

// While another worker has the claim of shard `but`: does one that nobody has begun, if there is one.
bool SpeechEncoder::store_another(const Split& split, int but, const Wanted& wanted) {
  const int count = int(split.shards.clips.size());
  for (int i = 1; i < count; ++i) {
    const int shard = (but + i) % count;
    if (store_->contains(stored_name(split.shards.names[shard], wanted.depth))) continue;
    const auto claim = store_->claim(split.shards.names[shard], FeatureStore::Wait::no);
    if (claim) return store(split, shard, wanted).ok();
  }
  return false;
}

// What the store lacks of a shard: of the depths that are wanted, and of those that are expected if there is
// room for all.
std::set<int> SpeechEncoder::missing(const Split& split, int shard, const Wanted& wanted) {
  std::set<int> all = wanted.depths;
  for (const int depth : expected_)
    if (depth <= encoder_->layers()) all.insert(depth);
  if (keeps(split.shards, all.size()) != Kept::on_disk) all = wanted.depths;
  std::erase_if(all, [&](int depth) {
    return depth != wanted.depth && store_->find(stored_name(split.shards.names[shard], depth));
  });
  return all;
}

// To be called with the shard's claim. Another may have stored it just before it was given.
Result<SpeechEncoder::Clips> SpeechEncoder::store(const Split& split, int shard, const Wanted& wanted) {
  const std::string& name = split.shards.names[shard];
  if (const Clips* found = store_->find(stored_name(name, wanted.depth))) return *found;
  auto encoded = encode(split.utterances, split.shards.clips[shard], missing(split, shard, wanted));
  if (!encoded) return encoded.error();
  for (const auto& [depth, clips] : *encoded) {
    Clips on_cpu;
    for (const torch::Tensor& clip : clips) on_cpu.push_back(clip.cpu());
    const Status written = store_->put(stored_name(name, depth), on_cpu);
    if (written) continue;
    fmt::print(stderr, "features are kept in memory alone: {}\n", written.error().message);
    remember(split.utterances, split.shards.clips[shard], *encoded);
    break;
  }
  if (const Clips* found = store_->find(stored_name(name, wanted.depth))) return *found;
  return std::move((*encoded)[wanted.depth]);
}

}  // namespace sweetspot::worker
