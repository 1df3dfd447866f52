#include "worker/text/tokenizer_trainer.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "worker/text/bpe_trainer.h"
#include "worker/text/byte_level.h"

namespace sweetspot::worker {
namespace {

using nlohmann::ordered_json;

ordered_json added_token(const std::string& content) {
  return {{"content", content}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false},    {"normalized", false},  {"special", true}};
}

ordered_json byte_level() {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
}

ordered_json tokenizer_json(const BpeTrainer& bpe, const TokenizerTraining& training) {
  auto vocabulary = ordered_json::object();
  for (const std::string& token : bpe.vocabulary()) vocabulary[token] = vocabulary.size();
  auto added = ordered_json::array();
  for (const std::string& token : training.special_tokens) {
    ordered_json entry = {{"id", bpe.vocabulary().size() + added.size()}};
    entry.update(added_token(token));
    added.push_back(entry);
  }
  const ordered_json split = {{"type", "Split"},
                              {"pattern", {{"Regex", kQwen2Pattern}}},
                              {"behavior", "Isolated"},
                              {"invert", false}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added},
          {"normalizer", {{"type", "NFC"}}},
          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {split, byte_level()}}}},
          {"post_processor", byte_level()},
          {"decoder", byte_level()},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", ""},
            {"end_of_word_suffix", ""},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"vocab", vocabulary},
            {"merges", bpe.merges()}}}};
}

ordered_json tokenizer_config_json(const BpeTrainer& bpe, const TokenizerTraining& training) {
  auto decoder = ordered_json::object();
  for (const std::string& token : training.special_tokens) {
    decoder[std::to_string(bpe.vocabulary().size() + decoder.size())] = added_token(token);
  }
  const ordered_json end =
      training.special_tokens.empty() ? ordered_json() : ordered_json(training.special_tokens.front());
  return {{"add_prefix_space", false},
          {"added_tokens_decoder", decoder},
          {"bos_token", nullptr},
          {"clean_up_tokenization_spaces", false},
          {"eos_token", end},
          {"errors", "replace"},
          {"model_max_length", 32768},
          {"pad_token", end},
          {"tokenizer_class", "Qwen2Tokenizer"},
          {"unk_token", nullptr}};
}

Status write_json(const std::filesystem::path& path, const ordered_json& document) {
  std::ofstream file(path, std::ios::binary);
  file << document.dump(2) << '\n';
  if (file.flush()) return success();
  return Error{"tokenizer_unwritable", fmt::format("cannot write {}", path.string()),
               "check that the directory can be written and the disk has room", ""};
}

}  // namespace

Status train_tokenizer(std::span<const std::string> sentences, const TokenizerTraining& training,
                       const std::filesystem::path& directory) {
  BpeTrainer bpe(sentences);
  for (int i = 0; i < training.merges && bpe.learn_merge(); ++i) continue;
  std::error_code ignored;  // write_json reports a directory that is not there
  std::filesystem::create_directories(directory, ignored);
  if (auto done = write_json(directory / "tokenizer.json", tokenizer_json(bpe, training)); !done) return done;
  return write_json(directory / "tokenizer_config.json", tokenizer_config_json(bpe, training));
}

}  // namespace sweetspot::worker
