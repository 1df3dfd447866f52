#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <sstream>

#include "schemas/model_config.h"
#include "worker/audio/log_mel.h"
#include "worker/audio/sound_file.h"
#include "worker/corpus/corpus.h"
#include "worker/corpus/listing.h"
#include "worker/model/atomic_file.h"
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
constexpr double kFrameSeconds = 0.02;
constexpr double kLabelSmoothing = 0.1;

struct Example {
  torch::Tensor mel;  // [kMelBins, T] float16
  Ids prompt, text;   // for the decoder; text ends with eos
  Ids frames;         // the token said in each encoder frame (20 ms), eos where nothing is
};

struct SpokenWords {
  double start, end;  // seconds
  std::string text;
};
using Alignment = std::map<std::string, std::vector<SpokenWords>>;  // by clip

// train_words.tsv of nano-corpora: path, start, end, words.
Result<Alignment> read_alignment(const std::filesystem::path& file) {
  const auto lines = read_lines(file);
  if (!lines) return lines.error();
  Alignment alignment;
  for (std::size_t i = 1; i < lines->size(); ++i) {
    std::istringstream line((*lines)[i]);
    std::string clip;
    SpokenWords spoken;
    std::getline(line, clip, '\t');
    line >> spoken.start >> spoken.end >> std::ws;
    if (!std::getline(line, spoken.text)) {
      return Error{"alignment_invalid",
                   fmt::format("{}:{}: expected path, start, end, words", file.string(), i + 1),
                   "Make the corpora again with nano-corpora.", ""};
    }
    alignment[clip].push_back(std::move(spoken));
  }
  return alignment;
}

// The token said in each of `count` encoder frames: those of a stretch of words share its time evenly.
Ids frame_tokens(const std::vector<SpokenWords>& spoken, std::int64_t count, const Tokenizer& tokenizer) {
  Ids frames(static_cast<std::size_t>(count), tokenizer.id_of("<|endoftext|>").value());
  for (const auto& words : spoken) {
    const auto tokens = tokenizer.encode(" " + words.text);
    const auto first = static_cast<std::size_t>(words.start / kFrameSeconds);
    const auto last = std::min(static_cast<std::size_t>(words.end / kFrameSeconds), frames.size());
    for (auto i = first; i < last; ++i) frames[i] = tokens[(i - first) * tokens.size() / (last - first)];
  }
  return frames;
}

// The decoder's prompt, as Whisper's: start, language, task, no timestamps.
Ids prompt_of(const std::string& language, const Tokenizer& tokenizer) {
  Ids prompt;
  for (const auto& token : {std::string("<|startoftranscript|>"), "<|" + language + "|>",
                            std::string("<|transcribe|>"), std::string("<|notimestamps|>")}) {
    prompt.push_back(tokenizer.id_of(token).value());
  }
  return prompt;
}

Result<std::vector<Example>> read_examples(const PretrainWhisper& options, const Tokenizer& tokenizer) {
  const LogMel log_mel(kMelBins);
  std::vector<Example> examples;
  for (const std::string language : kLanguages) {
    const auto directory = options.corpora / language;
    const auto corpus = read_corpus(
        {.path = directory.string(), .limit_train = options.clips, .limit_dev = 1, .limit_test = 1});
    if (!corpus) return corpus.error();
    const auto alignment = read_alignment(directory / "train_words.tsv");
    if (!alignment) return alignment.error();
    const auto prompt = prompt_of(language, tokenizer);
    for (const auto& utterance : corpus->train.utterances) {
      const auto samples = read_audio(utterance.audio);
      if (!samples) return samples.error();
      const auto mel = log_mel(pad_to_next_second(*samples));
      auto text = tokenizer.encode(utterance.text);
      text.push_back(tokenizer.id_of("<|endoftext|>").value());
      const auto spoken = alignment->find(utterance.audio.filename().string());
      examples.push_back(
          {.mel = mel.to(torch::kFloat16),
           .prompt = prompt,
           .text = std::move(text),
           .frames = frame_tokens(spoken == alignment->end() ? std::vector<SpokenWords>{} : spoken->second,
                                  (mel.size(1) + 1) / 2, tokenizer)});
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
    const auto& [mel, prompt, text, frames] = *batch[row];
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

// Cross-entropy of the token said in each frame, read off the features by one linear map. features: [B, T, D]
torch::Tensor frame_loss(const Linear& head, const std::vector<const Example*>& batch,
                         const torch::Tensor& features) {
  Ids labels;
  for (const auto* example : batch)
    labels.insert(labels.end(), example->frames.begin(), example->frames.end());
  return torch::nn::functional::cross_entropy(head->forward(features).flatten(0, 1), torch::tensor(labels));
}

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
  Linear frame_head(config->d_model, config->vocab_size);
  for (torch::nn::Module* module :
       std::initializer_list<torch::nn::Module*>{encoder.get(), decoder.get(), frame_head.get()}) {
    initialise(*module);
  }
  if (!options.start.empty()) {
    const auto weights = Weights::open(options.start);
    if (!weights) return weights.error();
    if (auto loaded = go_on_from(*weights, "model.encoder.", *encoder); !loaded) return loaded;
    if (auto loaded = go_on_from(*weights, "model.decoder.", *decoder); !loaded) return loaded;
  }
  use_sinusoids(encoder->named_parameters()["embed_positions.weight"]);
  std::vector<torch::Tensor> parameters = encoder->parameters();
  for (const auto& more : {decoder->parameters(), frame_head->parameters()})
    parameters.insert(parameters.end(), more.begin(), more.end());
  std::erase_if(parameters, [](const torch::Tensor& parameter) { return !parameter.requires_grad(); });
  fmt::print(stderr, "{}: encoder {}, decoder {} parameters, {} clips\n", options.out.filename().string(),
             parameter_count(*encoder), parameter_count(*decoder), examples->size());

  std::mt19937_64 random(options.seed);
  Pretrainer trainer(std::move(parameters), options.schedule);
  while (trainer.steps_done() < options.schedule.steps) {
    for (const auto& batch : batches_of(*examples, options.batch, random)) {
      const auto features = encoder->forward(masked_mels(batch, random));
      trainer.step(decoder_loss(decoder, batch, features) + frame_loss(frame_head, batch, features));
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
