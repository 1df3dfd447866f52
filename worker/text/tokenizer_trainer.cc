#include "worker/text/tokenizer_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "worker/text/byte_level.h"

namespace sweetspot::worker {
namespace {

using nlohmann::ordered_json;
using Pair = std::pair<int, int>;

struct Word {
  std::vector<int> symbols;
  std::int64_t count = 0;
};

// Learns merges one by one. The count of each pair, and the words it occurs in, are kept up to date.
class BpeTrainer {
 public:
  explicit BpeTrainer(std::span<const std::string> sentences) {
    for (const std::string& letter : letters_in_order()) vocabulary_.push_back(letter);
    const auto splitter = WordSplitter::compile(kQwen2Pattern);
    std::map<std::string, std::int64_t> counts;
    for (const std::string& sentence : sentences) {
      for (const std::string& word : splitter->split(to_nfc(sentence))) ++counts[word];
    }
    for (const auto& [word, count] : counts) words_.push_back({symbols_of(word), count});
    for (int i = 0; i < static_cast<int>(words_.size()); ++i) count_pairs(i, words_[i].count);
  }

  // False when no pair is left.
  bool learn_merge() {
    const auto best = std::max_element(pairs_.begin(), pairs_.end(), [](const auto& a, const auto& b) {
      return a.second.count < b.second.count;  // the first of equals: the lowest ids
    });
    if (best == pairs_.end() || best->second.count == 0) return false;
    const auto [left, right] = best->first;
    const std::set<int> where = best->second.words;
    merges_.push_back(vocabulary_[left] + " " + vocabulary_[right]);
    const int merged = id_of(vocabulary_[left] + vocabulary_[right]);
    for (int i : where) {
      count_pairs(i, -words_[i].count);
      replace(words_[i].symbols, {left, right}, merged);
      count_pairs(i, words_[i].count);
    }
    pairs_.erase({left, right});
    return true;
  }

  const std::vector<std::string>& vocabulary() const { return vocabulary_; }
  const std::vector<std::string>& merges() const { return merges_; }

 private:
  struct PairUse {
    std::int64_t count = 0;
    std::set<int> words;  // may name words that the pair has left since
  };

  static std::vector<std::string> letters_in_order() {
    std::vector<std::string> letters(byte_letters().begin(), byte_letters().end());
    std::sort(letters.begin(), letters.end());  // UTF-8 sorts as code points do
    return letters;
  }

  int id_of(const std::string& token) {
    const auto found = std::find(vocabulary_.begin(), vocabulary_.end(), token);
    if (found != vocabulary_.end()) return static_cast<int>(found - vocabulary_.begin());
    vocabulary_.push_back(token);
    return static_cast<int>(vocabulary_.size()) - 1;
  }

  std::vector<int> symbols_of(const std::string& word) {
    std::vector<int> symbols;
    for (unsigned char byte : word) symbols.push_back(id_of(byte_letters()[byte]));
    return symbols;
  }

  void count_pairs(int word, std::int64_t count) {
    const auto& symbols = words_[word].symbols;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      PairUse& use = pairs_[{symbols[i], symbols[i + 1]}];
      use.count += count;
      if (count > 0) use.words.insert(word);
    }
  }

  static void replace(std::vector<int>& symbols, Pair pair, int merged) {
    std::vector<int> out;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      const bool here = i + 1 < symbols.size() && symbols[i] == pair.first && symbols[i + 1] == pair.second;
      out.push_back(here ? merged : symbols[i]);
      if (here) ++i;
    }
    symbols = std::move(out);
  }

  std::vector<std::string> vocabulary_, merges_;
  std::vector<Word> words_;
  std::map<Pair, PairUse> pairs_;
};

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
