#include "worker/recipe/workshop.h"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "schemas/model_directory.h"

namespace sweetspot::worker {

namespace {
bool cpu_has_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

bool stored_as_bf16(const std::string& llm) {
  const auto directory = model_directory(llm);
  if (!directory) return false;  // loading it will say why
  const auto weights = Weights::open(*directory);
  return weights && weights->all_are(torch::kBFloat16);
}
}  // namespace

std::string_view to_string(Precision precision) { return precision == Precision::bf16 ? "bf16" : "fp32"; }

Precision Workshop::precision(const Cell& cell) const {
  const bool pays = options_.device.is_cuda() || (cpu_has_bf16() && stored_as_bf16(cell.llm));
  return cell.train.precision == "bf16" && pays ? Precision::bf16 : Precision::fp32;
}

Placement Workshop::placement(Precision precision) const {
  return {options_.device, precision == Precision::bf16 ? torch::kBFloat16 : torch::kFloat32};
}

Result<std::shared_ptr<const SlamAsr>> Workshop::slam_asr(const std::string& llm, Precision precision) {
  const std::string name = llm + "|" + std::string(to_string(precision));
  if (llm_.first == name) return llm_.second;
  llm_ = {};  // its memory goes before the next one comes
  const auto directory = model_directory(llm);
  if (!directory) return directory.error();
  auto tokenizer = Tokenizer::load(*directory);
  if (!tokenizer) return tokenizer.error();
  auto model = load_qwen2(*directory, placement(precision));
  if (!model) return model.error();
  if (tokenizer->vocabulary_size() > (*model)->config().vocab_size)
    return Error{"weights_mismatch",
                 directory->string() + ": tokenizer.json has " +
                     std::to_string(tokenizer->vocabulary_size()) + " tokens, but the model " +
                     std::to_string((*model)->config().vocab_size),
                 "give the tokenizer that belongs to the model", ""};
  llm_ = {name, std::make_shared<const SlamAsr>(std::move(*model), std::move(*tokenizer))};
  return llm_.second;
}

Result<std::shared_ptr<SpeechEncoder>> Workshop::encoder(const std::string& encoder, int layers,
                                                         Precision precision) {
  const std::string name = encoder + "|" + std::string(to_string(precision));
  const std::vector<int>& expected = expected_[encoder];
  if (!expected.empty()) layers = std::max(layers, expected.back());
  if (encoder_.first == name && encoder_.second->encoder()->layers() >= layers) {
    encoder_.second->expect(expected);
    return encoder_.second;
  }
  encoder_ = {};
  const auto directory = model_directory(encoder);
  if (!directory) return directory.error();
  auto model = load_whisper_encoder(*directory, layers, placement(precision));
  if (!model) return model.error();
  encoder_ = {name, std::make_shared<SpeechEncoder>(std::move(*model), name, placement(precision), features_,
                                                    store_ ? &*store_ : nullptr)};
  encoder_.second->expect(expected);
  return encoder_.second;
}

Result<std::shared_ptr<const Corpus>> Workshop::corpus(const CorpusSpec& spec) {
  Cell key;
  key.corpus = spec;
  const std::string name = to_json(key)["corpus"].dump();
  if (const auto found = corpora_.find(name); found != corpora_.end()) return found->second;
  auto corpus = read_corpus(spec);
  if (!corpus) return corpus.error();
  return corpora_[name] = std::make_shared<const Corpus>(std::move(*corpus));
}

void Workshop::expect(const std::string& encoder, std::span<const int> depths) {
  if (store_) expected_[encoder] = {depths.begin(), depths.end()};
}

Autocast::Autocast(Precision precision)
    : cuda_before_(at::autocast::is_autocast_enabled(at::kCUDA)),
      cpu_before_(at::autocast::is_autocast_enabled(at::kCPU)) {
  for (const auto device : {at::kCUDA, at::kCPU}) {
    at::autocast::set_autocast_enabled(device, precision == Precision::bf16);
    at::autocast::set_autocast_dtype(device, at::kBFloat16);
  }
}

// Casts of weights are kept while autocast is on; after an optimiser step they would be stale.
Autocast::~Autocast() {
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCUDA, cuda_before_);
  at::autocast::set_autocast_enabled(at::kCPU, cpu_before_);
}

}  // namespace sweetspot::worker
