#include "tests/worker/model/tiny_world.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>

#include "worker/audio/sound_file.h"
#include "worker/model/qwen2.h"
#include "worker/model/whisper_encoder.h"
#include "worker/text/tokenizer.h"
#include "worker/text/tokenizer_trainer.h"

namespace sweetspot::worker {

namespace {
const std::vector<std::string> kWords = {"low", "middle", "high"};

void write_json(const std::filesystem::path& path, const nlohmann::json& document) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << document.dump(1);
}

void randomise(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : module.parameters()) {
    if (parameter.dim() > 1) parameter.normal_(0, 0.15);
    else parameter.fill_(parameter.numel() % 2 ? 0 : 1);
  }
}

// The words spoken as tones of 0.3 s.
std::vector<float> speak(const std::vector<int>& words, double detune) {
  std::vector<float> samples;
  for (const int word : words)
    for (int i = 0; i < 4800; ++i)
      samples.push_back(
          float(0.3 * std::sin(2 * std::numbers::pi * (300 + 700 * word + detune) * i / 16000)));
  return samples;
}
}  // namespace

TinyWorld::TinyWorld() {
  torch::manual_seed(1);
  make_corpus(directory("corpus"));
  make_encoder(directory("encoder"));
  make_llm(directory("llm"));
}

Cell TinyWorld::cell() const {
  return {.encoder = directory("encoder"),
          .layers = 2,
          .language = "en",
          .llm = directory("llm"),
          .corpus = {.format = "common-voice", .path = directory("corpus")},
          .projector = {.frames = 5, .hidden = 16, .dropout = 0.1, .norm_init = "embedding"},
          .train = {.epochs = 2, .batch = 4, .lr = 1e-2},
          .eval = {.beam = 2, .max_new_tokens = 6, .batch = 3}};
}

void TinyWorld::make_corpus(const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory / "clips");
  int clip = 0;
  for (const auto& [split, count] : {std::pair("train", 20), std::pair("dev", 5), std::pair("test", 6)}) {
    std::ofstream table(directory / (std::string(split) + ".tsv"));
    table << "client_id\tpath\tsentence\n";
    for (int i = 0; i < count; ++i, ++clip) {
      std::vector<int> words;
      for (int w = 0; w < 2 + clip % 3; ++w) words.push_back((clip + w * w) % 3);
      const std::string name = "clip" + std::to_string(clip) + ".wav";
      ASSERT_TRUE(write_audio(directory / "clips" / name, speak(words, clip)).ok());
      table << "x\t" << name << "\t";
      for (const int word : words) table << kWords[word] << " ";
      table << "\n";
    }
  }
}

void TinyWorld::make_encoder(const std::filesystem::path& directory) {
  auto document = nlohmann::json::parse(std::ifstream(kData / "whisper" / "config.json"));
  document["num_mel_bins"] = 80;
  document["max_source_positions"] = 200;
  write_json(directory / "config.json", document);
  WhisperEncoder encoder(*read_whisper_config(directory), 3);
  randomise(*encoder);
  ASSERT_TRUE(write_safetensors(directory / "model.safetensors",
                                named_tensors(*encoder, "model.encoder.", torch::kFloat16))
                  .ok());
}

void TinyWorld::make_llm(const std::filesystem::path& directory) {
  ASSERT_TRUE(train_tokenizer(std::vector<std::string>(1, "low middle high low middle high"), {.merges = 10},
                              directory)
                  .ok());
  const auto tokenizer = Tokenizer::load(directory);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  auto document = nlohmann::json::parse(std::ifstream(kData / "qwen2" / "config.json"));
  document["vocab_size"] = tokenizer->vocabulary_size();
  document["eos_token_id"] = *tokenizer->id_of("<|endoftext|>");
  write_json(directory / "config.json", document);
  Qwen2 llm(*read_qwen2_config(directory));
  randomise(*llm);
  ASSERT_TRUE(
      write_safetensors(directory / "model.safetensors", named_tensors(*llm, "", torch::kFloat16)).ok());
}

}  // namespace sweetspot::worker
