#include "worker/text/bpe_trainer.h"

#include "worker/text/byte_level.h"

namespace sweetspot::worker {
namespace {

void replace(std::vector<int>& symbols, std::pair<int, int> pair, int merged) {
  std::vector<int> out;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const bool here = i + 1 < symbols.size() && symbols[i] == pair.first && symbols[i + 1] == pair.second;
    out.push_back(here ? merged : symbols[i]);
    if (here) ++i;
  }
  symbols = std::move(out);
}

}  // namespace

BpeTrainer::BpeTrainer(std::span<const std::string> sentences)
    : vocabulary_(byte_letters().begin(), byte_letters().end()) {
  std::sort(vocabulary_.begin(), vocabulary_.end());  // UTF-8 sorts as code points do
  const auto splitter = WordSplitter::compile(kQwen2Pattern);
  std::map<std::string, std::int64_t> counts;
  for (const std::string& sentence : sentences) {
    for (const std::string& word : splitter->split(to_nfc(sentence))) ++counts[word];
  }
  for (const auto& [text, count] : counts) {
    Word word{.count = count};
    for (unsigned char byte : text) word.symbols.push_back(id_of(byte_letters()[byte]));
    words_.push_back(std::move(word));
    count_pairs(static_cast<int>(words_.size()) - 1, count);
  }
}

bool BpeTrainer::learn_merge() {
  const auto best = std::max_element(pairs_.begin(), pairs_.end(), [](const auto& a, const auto& b) {
    return a.second.count < b.second.count;  // the first of equals: the lowest ids
  });
  if (best == pairs_.end() || best->second.count == 0) return false;
  const Pair pair = best->first;
  const std::set<int> where = best->second.words;
  const std::string &left = vocabulary_[pair.first], &right = vocabulary_[pair.second];
  merges_.push_back(left + " " + right);
  const int merged = id_of(left + right);
  for (int word : where) {
    count_pairs(word, -words_[word].count);
    replace(words_[word].symbols, pair, merged);
    count_pairs(word, words_[word].count);
  }
  pairs_.erase(pair);
  return true;
}

int BpeTrainer::id_of(const std::string& token) {
  const auto found = std::find(vocabulary_.begin(), vocabulary_.end(), token);
  if (found != vocabulary_.end()) return static_cast<int>(found - vocabulary_.begin());
  vocabulary_.push_back(token);
  return static_cast<int>(vocabulary_.size()) - 1;
}

void BpeTrainer::count_pairs(int word, std::int64_t count) {
  const auto& symbols = words_[word].symbols;
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
    PairUse& use = pairs_[{symbols[i], symbols[i + 1]}];
    use.count += count;
    if (count > 0) use.words.insert(word);
  }
}

}  // namespace sweetspot::worker
