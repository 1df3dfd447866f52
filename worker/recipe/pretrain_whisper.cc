#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <span>

#include "worker/audio/log_mel.h"
#include "worker/audio/sound_file.h"
#include "worker/corpus/corpus.h"
#include "worker/corpus/listing.h"
#include "worker/model/atomic_file.h"
#include "worker/model/model_config.h"
#include "worker/model/weights.h"
#include "worker/model/whisper_decoder.h"
#include "worker/model/whisper_encoder.h"
#include "worker/recipe/pretrain.h"
#include "worker/text/tokenizer.h"
#include "worker/text/tokenizer_trainer.h"

namespace sweetspot::worker {
namespace {

using Ids = std::vector<std::int64_t>;

constexpr std::array<const char*, 3> kLanguages = {"da", "nl", "en"};
constexpr std::size_t kTokenizerLines = 20000;
constexpr int kMelBins = 80;
constexpr int kWidestMask = 16;  // mel bins that a training clip may lack, side by side
constexpr double kCtcShare = 0.5;
constexpr double kLabelSmoothing = 0.1;

struct Example {
  torch::Tensor mel;  // [kMelBins, T] float16
  Ids prompt, text;   // for the decoder; text ends with eos
  Ids bytes;          // for CTC: UTF-8 bytes plus one, since 0 is the blank
};

Result<std::vector<Example>> read_examples(const PretrainWhisper& options, const Tokenizer& tokenizer) {
  const LogMel log_mel(kMelBins);
  std::vector<Example> examples;
  for (const std::string language : kLanguages) {
    auto corpus = read_corpus({.path = (options.corpora / language).string(),
                               .limit_train = options.clips,
                               .limit_dev = 1,
                               .limit_test = 1});
    if (!corpus) return corpus.error();
    Ids prompt;
    for (const auto& token : {std::string("<|startoftranscript|>"), "<|" + language + "|>",
                              std::string("<|transcribe|>"), std::string("<|notimestamps|>")}) {
      prompt.push_back(tokenizer.id_of(token).value());
    }
    for (const auto& utterance : corpus->train.utterances) {
      auto samples = read_audio(utterance.audio);
      if (!samples) return samples.error();
      auto text = tokenizer.encode(utterance.text);
      text.push_back(tokenizer.id_of("<|endoftext|>").value());
      Ids bytes;
      for (const unsigned char byte : utterance.text) bytes.push_back(byte + 1);
      examples.push_back({log_mel(pad_to_next_second(*samples)).to(torch::kFloat16), prompt, std::move(text),
                          std::move(bytes)});
    }
  }
  return examples;
}

// One epoch: shuffled, clips of equal length together, so that nothing is padded or masked.
std::vector<std::vector<const Example*>> batches_of(const std::vector<Example>& examples, std::size_t size,
                                                    std::mt19937_64& random) {
  std::map<std::int64_t, std::vector<const Example*>> by_length;
  for (const auto& example : examples) by_length[example.mel.size(1)].push_back(&example);
  std::vector<std::vector<const Example*>> batches;
  for (auto& [length, same] : by_length) {
    shuffle(same, random);
    for (std::size_t first = 0; first < same.size(); first += size) {
      const auto last = std::min(first + size, same.size());
      batches.emplace_back(same.begin() + static_cast<std::ptrdiff_t>(first),
                           same.begin() + static_cast<std::ptrdiff_t>(last));
    }
  }
  shuffle(batches, random);
  return batches;
}

// [B, kMelBins, T] with one band of mel bins silenced, so that no clip is known by a single band.
torch::Tensor masked_mels(const std::vector<const Example*>& batch, std::mt19937_64& random) {
  std::vector<torch::Tensor> mels;
  for (const auto* example : batch) mels.push_back(example->mel);
  auto mel = torch::stack(mels).to(torch::kFloat32);
  const auto width = static_cast<std::int64_t>(random_below(random, kWidestMask));
  const auto first =
      static_cast<std::int64_t>(random_below(random, static_cast<std::size_t>(kMelBins - width)));
  mel.slice(1, first, first + width).zero_();
  return mel;
}

// Cross-entropy of the decoder, which reads prompt and text and is asked for the next token from the last of
// the prompt on. features: [B, T, D]
torch::Tensor decoder_loss(WhisperDecoder& decoder, const std::vector<const Example*>& batch,
                           const torch::Tensor& features) {
  std::size_t longest = 0;
  for (const auto* example : batch)
    longest = std::max(longest, example->prompt.size() + example->text.size());
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(batch.size()),
                                           static_cast<std::int64_t>(longest)};
  auto ids = torch::zeros(shape, torch::kInt64);
  auto labels = torch::full(shape, -100, torch::kInt64);
  for (std::size_t row = 0; row < batch.size(); ++row) {
    const auto& [mel, prompt, text, bytes] = *batch[row];
    auto* row_ids = ids[static_cast<std::int64_t>(row)].data_ptr<std::int64_t>();
    std::ranges::copy(text, std::ranges::copy(prompt, row_ids).out);
    std::ranges::copy(text,
                      labels[static_cast<std::int64_t>(row)].data_ptr<std::int64_t>() + prompt.size() - 1);
  }
  const auto logits = decoder->forward(ids, features);
  return torch::nn::functional::cross_entropy(
      logits.flatten(0, 1), labels.flatten(),
      torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(kLabelSmoothing));
}

// The part of the training that is thrown away: one more block, then bytes. [B, T, D] -> [T, B, 257]
class CtcHeadImpl : public torch::nn::Module {
 public:
  explicit CtcHeadImpl(const WhisperConfig& config)
      : block_(config), norm_(config.d_model), bytes_(config.d_model, 257) {
    register_module("block", block_);
    register_module("layer_norm", norm_);
    register_module("bytes", bytes_);
  }

  torch::Tensor loss(const torch::Tensor& features, const std::vector<const Example*>& batch) const {
    const auto log_probs =
        bytes_->forward(norm_->forward(block_->forward(features))).log_softmax(-1).transpose(0, 1);
    Ids targets, target_lengths, lengths(batch.size(), features.size(1));
    for (const auto* example : batch) {
      targets.insert(targets.end(), example->bytes.begin(), example->bytes.end());
      target_lengths.push_back(static_cast<std::int64_t>(example->bytes.size()));
    }
    return torch::ctc_loss(log_probs, torch::tensor(targets), torch::tensor(lengths),
                           torch::tensor(target_lengths), 0, at::Reduction::Mean, true);
  }

 private:
  WhisperEncoderLayer block_;
  LayerNorm norm_;
  Linear bytes_;
};
TORCH_MODULE(CtcHead);

// Whisper's fixed positions: sines beside cosines of geometrically falling frequencies. [P, D]
void use_sinusoids(torch::Tensor& table) {
  const auto half = table.size(1) / 2;
  const auto frequencies = torch::exp(-std::log(1e4) / static_cast<double>(half - 1) * torch::arange(half));
  const auto angles = torch::outer(torch::arange(table.size(0), torch::kFloat32), frequencies);
  table.set_requires_grad(false);
  table.copy_(torch::cat({angles.sin(), angles.cos()}, 1));
}

nlohmann::json whisper_document(const PretrainWhisper& options, const Tokenizer& tokenizer) {
  const auto eos = tokenizer.id_of("<|endoftext|>").value();
  return {{"architectures", {"WhisperForConditionalGeneration"}},
          {"model_type", "whisper"},
          {"d_model", options.width},
          {"encoder_layers", options.layers},
          {"encoder_attention_heads", options.heads},
          {"encoder_ffn_dim", 4 * options.width},
          {"decoder_layers", options.decoder_layers},
          {"decoder_attention_heads", options.heads},
          {"decoder_ffn_dim", 4 * options.width},
          {"num_hidden_layers", options.layers},
          {"num_mel_bins", kMelBins},
          {"max_source_positions", 1500},
          {"max_target_positions", 96},
          {"vocab_size", tokenizer.vocabulary_size()},
          {"activation_function", "gelu"},
          {"scale_embedding", false},
          {"tie_word_embeddings", true},
          {"dropout", 0.0},
          {"attention_dropout", 0.0},
          {"activation_dropout", 0.0},
          {"torch_dtype", "float16"},
          {"bos_token_id", eos},
          {"eos_token_id", eos},
          {"pad_token_id", eos},
          {"decoder_start_token_id", tokenizer.id_of("<|startoftranscript|>").value()}};
}

// What Hugging Face's WhisperFeatureExtractor is told.
nlohmann::json preprocessor_document() {
  return {{"feature_extractor_type", "WhisperFeatureExtractor"},
          {"processor_class", "WhisperProcessor"},
          {"feature_size", kMelBins},
          {"sampling_rate", 16000},
          {"hop_length", 160},
          {"n_fft", 400},
          {"chunk_length", 30},
          {"n_samples", 480000},
          {"nb_max_frames", 3000},
          {"padding_value", 0.0},
          {"padding_side", "right"},
          {"return_attention_mask", false}};
}

}  // namespace

Status pretrain_whisper(const PretrainWhisper& options) {
  auto lines = read_lines(options.corpora / "text.txt");
  if (!lines) return lines.error();
  lines->resize(std::min(lines->size(), kTokenizerLines));
  const TokenizerTraining shape = {.special_tokens = {"<|endoftext|>", "<|startoftranscript|>", "<|da|>",
                                                      "<|nl|>", "<|en|>", "<|transcribe|>",
                                                      "<|notimestamps|>"}};
  if (auto trained = train_tokenizer(*lines, shape, options.out); !trained) return trained;
  auto tokenizer = Tokenizer::load(options.out);
  if (!tokenizer) return tokenizer.error();
  const auto document = whisper_document(options, *tokenizer);
  if (auto written = write_file(options.out / "config.json", document.dump(2) + "\n"); !written)
    return written;
  auto config = read_whisper_config(options.out / "config.json");
  if (!config) return config.error();
  auto examples = read_examples(options, *tokenizer);
  if (!examples) return examples.error();

  torch::manual_seed(options.seed);
  WhisperEncoder encoder(*config, static_cast<int>(config->encoder_layers));
  WhisperDecoder decoder(*config);
  CtcHead ctc(*config);
  for (torch::nn::Module* module :
       std::initializer_list<torch::nn::Module*>{encoder.get(), decoder.get(), ctc.get()}) {
    initialise(*module);
  }
  use_sinusoids(encoder->named_parameters()["embed_positions.weight"]);
  std::vector<torch::Tensor> parameters = encoder->parameters();
  for (const auto& more : {decoder->parameters(), ctc->parameters()})
    parameters.insert(parameters.end(), more.begin(), more.end());
  std::erase_if(parameters, [](const torch::Tensor& parameter) { return !parameter.requires_grad(); });
  fmt::print(stderr, "{}: encoder {}, decoder {} parameters, {} clips\n", options.out.filename().string(),
             parameter_count(*encoder), parameter_count(*decoder), examples->size());

  std::mt19937_64 random(options.seed);
  Pretrainer trainer(std::move(parameters), options.schedule);
  while (trainer.steps_done() < options.schedule.steps) {
    for (const auto& batch : batches_of(*examples, options.batch, random)) {
      const auto features = encoder->forward(masked_mels(batch, random));
      trainer.step(decoder_loss(decoder, batch, features) + kCtcShare * ctc->loss(features, batch));
      if (trainer.steps_done() == options.schedule.steps) break;
    }
  }

  auto tensors = named_tensors(*encoder, "model.encoder.", torch::kFloat16);
  const auto rest = named_tensors(*decoder, "model.decoder.", torch::kFloat16);
  tensors.insert(tensors.end(), rest.begin(), rest.end());
  const auto eos = config->eos_token_id;
  return write_model(options.out, tensors,
                     {{"preprocessor_config.json", preprocessor_document()},
                      {"generation_config.json",
                       {{"eos_token_id", eos},
                        {"pad_token_id", eos},
                        {"decoder_start_token_id", config->decoder_start_token_id},
                        {"max_length", 96}}}});
}

}  // namespace sweetspot::worker
