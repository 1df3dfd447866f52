#include "worker/text/bpe.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <queue>
#include <tuple>

#include "worker/text/byte_level.h"

namespace sweetspot::worker {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int64_t>;

constexpr std::size_t kMaxCachedWords = 1 << 16;

std::uint64_t pair_key(std::int64_t left, std::int64_t right) {
  return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint64_t>(right);
}

}  // namespace

Error tokenizer_unsupported(const std::string& what) {
  return Error{"tokenizer_unsupported", "tokenizer.json: " + what,
               "use a byte-level BPE such as Qwen2's or Whisper's", ""};
}

Status Bpe::read(const json& model) {
  if (model.value("type", "BPE") != "BPE")
    return tokenizer_unsupported(fmt::format("model type {}", model.at("type").dump()));
  whole_words_first_ = model.value("ignore_merges", false);
  for (const auto& [token, id] : model.at("vocab").items()) {
    const auto number = id.get<std::int64_t>();
    if (number < 0 || number > kHighestId)
      return tokenizer_unsupported(fmt::format("id {} of token {}", number, token));
    vocabulary_[token] = number;
  }
  std::int64_t rank = 0;
  for (const json& entry : model.at("merges")) {  // "a b", or ["a", "b"] in newer files
    std::string left, right;
    if (entry.is_array()) {
      left = entry.at(0), right = entry.at(1);
    } else {
      const auto text = entry.get<std::string>();
      const auto blank = text.find(' ');
      left = text.substr(0, blank), right = text.substr(blank + 1);
    }
    merges_.try_emplace(pair_key(vocabulary_.at(left), vocabulary_.at(right)),
                        Merge{rank++, vocabulary_.at(left + right)});
  }
  return success();
}

const Bpe::Merge* Bpe::merge_of(std::int64_t left, std::int64_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

// Merges the pair of lowest rank, the leftmost among equals, until none is left. Symbols are a linked list,
// and candidate pairs wait in a heap: a candidate whose symbols have changed since is passed over.
Ids Bpe::apply_merges(const std::string& letters) const {
  struct Symbol {
    std::int64_t id;
    int previous, next;
  };
  std::vector<Symbol> symbols;
  for (auto letter : characters_of(letters)) {
    const auto found = vocabulary_.find(std::string(letter));
    if (found == vocabulary_.end()) continue;
    const int at = static_cast<int>(symbols.size());
    symbols.push_back({found->second, at - 1, at + 1});
  }
  if (symbols.empty()) return {};
  symbols.back().next = -1;

  struct Candidate {
    std::int64_t rank;
    int at;
    std::int64_t left, right, merged;
    bool operator>(const Candidate& o) const { return std::tie(rank, at) > std::tie(o.rank, o.at); }
  };
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  auto consider = [&](int at) {
    if (at < 0 || symbols[at].next < 0) return;
    const auto left = symbols[at].id, right = symbols[symbols[at].next].id;
    if (const Merge* merge = merge_of(left, right))
      candidates.push({merge->rank, at, left, right, merge->id});
  };
  for (int at = 0; at < static_cast<int>(symbols.size()); ++at) consider(at);
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    Symbol& symbol = symbols[best.at];
    if (symbol.id != best.left || symbol.next < 0 || symbols[symbol.next].id != best.right) continue;
    Symbol& eaten = symbols[symbol.next];
    symbol.id = best.merged;
    symbol.next = eaten.next;
    if (eaten.next >= 0) symbols[eaten.next].previous = best.at;
    eaten.id = -1;
    consider(symbol.previous);
    consider(best.at);
  }

  Ids out;
  for (int at = 0; at >= 0; at = symbols[at].next) out.push_back(symbols[at].id);
  return out;
}

Ids Bpe::encode(const std::string& word) const {
  {
    std::lock_guard lock(cache_mutex_);
    if (auto found = cache_.find(word); found != cache_.end()) return found->second;
  }
  const std::string letters = to_letters(word);
  const auto whole = whole_words_first_ ? vocabulary_.find(letters) : vocabulary_.end();
  Ids out = whole != vocabulary_.end() ? Ids{whole->second} : apply_merges(letters);
  std::lock_guard lock(cache_mutex_);
  if (cache_.size() < kMaxCachedWords) cache_.emplace(word, out);
  return out;
}

}  // namespace sweetspot::worker
