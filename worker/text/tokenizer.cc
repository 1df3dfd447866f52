#include "worker/text/tokenizer.h"

#include <fmt/format.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "worker/text/byte_level.h"

namespace sweetspot::worker {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int64_t>;

constexpr std::size_t kMaxCachedWords = 1 << 16;

struct Merge {
  std::int64_t rank, id;
};

std::uint64_t pair_key(std::int64_t left, std::int64_t right) {
  return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint64_t>(right);
}

Error unsupported(std::string what) {
  return Error{"tokenizer_unsupported", "tokenizer.json: " + std::move(what),
               "use a byte-level BPE such as Qwen2's or Whisper's", ""};
}

// Tokens that text may contain as such. At each place the longest one wins, places from the left.
class AddedTokens {
 public:
  void add(const std::string& token, std::int64_t id) {
    ids_[token] = id;
    longest_ = std::max(longest_, token.size());
    first_bytes_.insert(token.front());
  }

  // Calls on_text for what lies between added tokens and on_token for each of them, in order.
  void visit(std::string_view text, auto on_text, auto on_token) const {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const auto match = longest_at(text.substr(at));
      if (match == ids_.end()) {
        ++at;
        continue;
      }
      if (begin < at) on_text(text.substr(begin, at - begin));
      on_token(match->second);
      begin = at += match->first.size();
    }
    if (begin < text.size()) on_text(text.substr(begin));
  }

 private:
  using Map = std::unordered_map<std::string, std::int64_t>;

  Map::const_iterator longest_at(std::string_view text) const {
    if (!first_bytes_.contains(text.front())) return ids_.end();
    for (std::size_t length = std::min(longest_, text.size()); length > 0; --length) {
      if (auto found = ids_.find(std::string(text.substr(0, length))); found != ids_.end()) return found;
    }
    return ids_.end();
  }

  Map ids_;
  std::size_t longest_ = 0;
  std::unordered_set<char> first_bytes_;
};

// Malformed bytes become U+FFFD, one per maximal subpart (ICU and Rust agree on the Unicode standard's
// practice).
std::string repair_utf8(const std::string& bytes) {
  std::string out;
  return icu::UnicodeString::fromUTF8(bytes).toUTF8String(out);
}

}  // namespace

struct Tokenizer::State {
  std::unordered_map<std::string, std::int64_t> ids;  // vocabulary and added tokens, as the file writes them
  std::vector<std::string> bytes;                     // of each id; empty for special tokens and gaps
  std::unordered_map<std::uint64_t, Merge> merges;    // (left id, right id) -> what they become
  AddedTokens raw_added, normalized_added;            // matched before, and after, normalisation
  std::optional<WordSplitter> splitter;
  bool nfc = false;
  bool whole_words_first = false;  // "ignore_merges"
  mutable std::mutex cache_mutex;
  mutable std::unordered_map<std::string, Ids> cache;

  Status read(const json& file);
  Status read_normalizer(const json& normalizer);
  Status read_pre_tokenizer(const json& pre_tokenizer);
  Status read_model(const json& model);
  Status read_added_tokens(const json& tokens);
  void encode_plain(std::string_view text, Ids& out) const;
  Ids encode_word(const std::string& word) const;
  Ids merge(const std::string& letters) const;
};

Status Tokenizer::State::read(const json& file) {
  const json none;
  auto section = [&](const char* name) -> const json& { return file.contains(name) ? file.at(name) : none; };
  if (auto done = read_normalizer(section("normalizer")); !done) return done;
  if (auto done = read_pre_tokenizer(section("pre_tokenizer")); !done) return done;
  if (auto done = read_model(file.at("model")); !done) return done;
  return read_added_tokens(file.value("added_tokens", json::array()));
}

Status Tokenizer::State::read_normalizer(const json& normalizer) {
  if (normalizer.is_null()) return success();
  if (normalizer.at("type") == "Sequence") {
    for (const json& part : normalizer.at("normalizers")) {
      if (auto done = read_normalizer(part); !done) return done;
    }
    return success();
  }
  nfc = normalizer.at("type") == "NFC";
  return nfc ? success() : unsupported(fmt::format("normalizer {}", normalizer.dump()));
}

Status Tokenizer::State::read_pre_tokenizer(const json& pre_tokenizer) {
  if (pre_tokenizer.is_null()) return unsupported("no pre_tokenizer");
  const json parts = pre_tokenizer.at("type") == "Sequence" ? pre_tokenizer.at("pretokenizers")
                                                            : json::array({pre_tokenizer});
  std::optional<std::string> pattern;
  for (const json& part : parts) {
    const bool splits = part.at("type") == "Split" && part.at("behavior") == "Isolated" &&
                        !part.value("invert", false) && part.at("pattern").contains("Regex");
    const bool maps_bytes = part.at("type") == "ByteLevel" && !part.value("add_prefix_space", true);
    if (!splits && !maps_bytes) return unsupported(fmt::format("pre_tokenizer {}", part.dump()));
    const bool cuts = splits || part.value("use_regex", true);
    if (cuts && pattern) return unsupported("more than one split pattern");
    if (splits) pattern = part.at("pattern").at("Regex").get<std::string>();
    else if (cuts) pattern = kGpt2Pattern;
  }
  if (parts.empty() || parts.back().at("type") != "ByteLevel")
    return unsupported("no ByteLevel pre_tokenizer");
  auto compiled = WordSplitter::compile(pattern.value_or(R"([\s\S]+)"));
  if (!compiled) return compiled.error();
  splitter = *std::move(compiled);
  return success();
}

Status Tokenizer::State::read_model(const json& model) {
  if (model.value("type", "BPE") != "BPE")
    return unsupported(fmt::format("model type {}", model.at("type").dump()));
  whole_words_first = model.value("ignore_merges", false);
  for (const auto& [token, id] : model.at("vocab").items()) {
    const auto number = id.get<std::int64_t>();
    if (number < 0 || number > 10'000'000)
      return unsupported(fmt::format("id {} of token {}", number, token));
    ids[token] = number;
    if (bytes.size() <= static_cast<std::size_t>(number)) bytes.resize(number + 1);
    bytes[number] = from_letters(token);
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
    merges.try_emplace(pair_key(ids.at(left), ids.at(right)), Merge{rank++, ids.at(left + right)});
  }
  return success();
}

Status Tokenizer::State::read_added_tokens(const json& tokens) {
  for (const json& token : tokens) {
    const auto content = token.at("content").get<std::string>();
    const auto id = token.at("id").get<std::int64_t>();
    for (const char* option : {"lstrip", "rstrip", "single_word"}) {
      if (token.value(option, false))
        return unsupported(fmt::format("added token {} with {}", content, option));
    }
    if (content.empty() || id < 0 || id > 10'000'000) return unsupported("added token " + token.dump());
    ids[content] = id;
    if (bytes.size() <= static_cast<std::size_t>(id)) bytes.resize(id + 1);
    const bool special = token.value("special", false);
    bytes[id] = special ? "" : from_letters(content);
    if (token.value("normalized", !special)) {
      normalized_added.add(nfc ? to_nfc(content) : content, id);
    } else {
      raw_added.add(content, id);
    }
  }
  return success();
}

// Merges the pair of lowest rank, the leftmost among equals, until none is left. Symbols are a linked list,
// and candidate pairs wait in a heap: a candidate whose symbols have changed since is passed over.
Ids Tokenizer::State::merge(const std::string& letters) const {
  struct Symbol {
    std::int64_t id;
    int previous, next;
  };
  std::vector<Symbol> symbols;
  for (auto letter : characters_of(letters)) {
    const auto found = ids.find(std::string(letter));
    if (found == ids.end()) continue;
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
    if (auto found = merges.find(pair_key(left, right)); found != merges.end()) {
      candidates.push({found->second.rank, at, left, right, found->second.id});
    }
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

Ids Tokenizer::State::encode_word(const std::string& word) const {
  {
    std::lock_guard lock(cache_mutex);
    if (auto found = cache.find(word); found != cache.end()) return found->second;
  }
  const std::string letters = to_letters(word);
  const auto whole = whole_words_first ? ids.find(letters) : ids.end();
  Ids out = whole != ids.end() ? Ids{whole->second} : merge(letters);
  std::lock_guard lock(cache_mutex);
  if (cache.size() < kMaxCachedWords) cache.emplace(word, out);
  return out;
}

void Tokenizer::State::encode_plain(std::string_view text, Ids& out) const {
  const std::string normal = nfc ? to_nfc(text) : std::string(text);
  normalized_added.visit(
      normal,
      [&](std::string_view piece) {
        for (const std::string& word : splitter->split(piece)) {
          const Ids encoded = encode_word(word);
          out.insert(out.end(), encoded.begin(), encoded.end());
        }
      },
      [&](std::int64_t id) { out.push_back(id); });
}

Tokenizer::Tokenizer(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Result<Tokenizer> Tokenizer::load(const std::filesystem::path& model_directory) {
  const auto path = model_directory / "tokenizer.json";
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Error{"tokenizer_missing", fmt::format("cannot open {}", path.string()),
                 "download the model with its tokenizer.json", ""};
  }
  try {
    auto state = std::make_shared<State>();
    if (auto done = state->read(json::parse(file)); !done) return done.error();
    return Tokenizer(std::move(state));
  } catch (const std::exception& problem) {
    return Error{"tokenizer_invalid", fmt::format("{}: {}", path.string(), problem.what()),
                 "download the file again: it is incomplete, or no tokenizer.json", ""};
  }
}

Ids Tokenizer::encode(std::string_view text) const {
  Ids out;
  state_->raw_added.visit(
      text, [&](std::string_view piece) { state_->encode_plain(piece, out); },
      [&](std::int64_t id) { out.push_back(id); });
  return out;
}

std::string Tokenizer::decode(std::span<const std::int64_t> ids) const {
  std::string bytes;
  for (auto id : ids) {
    if (id >= 0 && id < vocabulary_size()) bytes += state_->bytes[id];
  }
  return repair_utf8(bytes);
}

std::optional<std::int64_t> Tokenizer::id_of(std::string_view token) const {
  const auto found = state_->ids.find(std::string(token));
  return found == state_->ids.end() ? std::nullopt : std::optional(found->second);
}

std::int64_t Tokenizer::vocabulary_size() const { return static_cast<std::int64_t>(state_->bytes.size()); }

}  // namespace sweetspot::worker
