#include "worker/text/tokenizer.h"

#include <fmt/format.h>
#include <unicode/unistr.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "worker/text/added_tokens.h"
#include "worker/text/bpe.h"
#include "worker/text/byte_level.h"

namespace sweetspot::worker {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int64_t>;

// Malformed bytes become U+FFFD, one per maximal subpart (ICU and Rust agree on the Unicode standard's
// practice).
std::string repair_utf8(const std::string& bytes) {
  std::string out;
  return icu::UnicodeString::fromUTF8(bytes).toUTF8String(out);
}

}  // namespace

struct Tokenizer::State {
  Bpe bpe;
  std::unordered_map<std::string, std::int64_t> added_ids;
  AddedTokens raw_added, normalized_added;  // matched before, and after, normalisation
  std::vector<std::string> bytes;           // of each id; empty for special tokens and gaps
  std::optional<WordSplitter> splitter;
  bool nfc = false;

  Status read(const json& file);
  Status read_normalizer(const json& normalizer);
  Status read_pre_tokenizer(const json& pre_tokenizer);
  Status read_added_tokens(const json& tokens);
  void set_bytes(std::int64_t id, std::string text);
  void encode_plain(std::string_view text, Ids& out) const;
};

Status Tokenizer::State::read(const json& file) {
  const json none;
  auto section = [&](const char* name) -> const json& { return file.contains(name) ? file.at(name) : none; };
  if (auto done = read_normalizer(section("normalizer")); !done) return done;
  if (auto done = read_pre_tokenizer(section("pre_tokenizer")); !done) return done;
  if (auto done = bpe.read(file.at("model")); !done) return done;
  for (const auto& [token, id] : bpe.vocabulary()) set_bytes(id, from_letters(token));
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
  return nfc ? success() : tokenizer_unsupported(fmt::format("normalizer {}", normalizer.dump()));
}

Status Tokenizer::State::read_pre_tokenizer(const json& pre_tokenizer) {
  if (pre_tokenizer.is_null()) return tokenizer_unsupported("no pre_tokenizer");
  const json parts = pre_tokenizer.at("type") == "Sequence" ? pre_tokenizer.at("pretokenizers")
                                                            : json::array({pre_tokenizer});
  std::optional<std::string> pattern;
  for (const json& part : parts) {
    const bool splits = part.at("type") == "Split" && part.at("behavior") == "Isolated" &&
                        !part.value("invert", false) && part.at("pattern").contains("Regex");
    const bool maps_bytes = part.at("type") == "ByteLevel" && !part.value("add_prefix_space", true);
    if (!splits && !maps_bytes) return tokenizer_unsupported(fmt::format("pre_tokenizer {}", part.dump()));
    const bool cuts = splits || part.value("use_regex", true);
    if (cuts && pattern) return tokenizer_unsupported("more than one split pattern");
    if (splits) pattern = part.at("pattern").at("Regex").get<std::string>();
    else if (cuts) pattern = kGpt2Pattern;
  }
  if (parts.empty() || parts.back().at("type") != "ByteLevel")
    return tokenizer_unsupported("no ByteLevel pre_tokenizer");
  auto compiled = WordSplitter::compile(pattern.value_or(R"([\s\S]+)"));
  if (!compiled) return compiled.error();
  splitter = *std::move(compiled);
  return success();
}

Status Tokenizer::State::read_added_tokens(const json& tokens) {
  for (const json& token : tokens) {
    const auto content = token.at("content").get<std::string>();
    const auto id = token.at("id").get<std::int64_t>();
    for (const char* option : {"lstrip", "rstrip", "single_word"}) {
      if (token.value(option, false))
        return tokenizer_unsupported(fmt::format("added token {} with {}", content, option));
    }
    if (content.empty() || id < 0 || id > Bpe::kHighestId) {
      return tokenizer_unsupported("added token " + token.dump());
    }
    const bool special = token.value("special", false);
    added_ids[content] = id;
    set_bytes(id, special ? "" : from_letters(content));
    if (token.value("normalized", !special)) {
      normalized_added.add(nfc ? to_nfc(content) : content, id);
    } else {
      raw_added.add(content, id);
    }
  }
  return success();
}

void Tokenizer::State::set_bytes(std::int64_t id, std::string text) {
  if (std::ssize(bytes) <= id) bytes.resize(id + 1);
  bytes[id] = std::move(text);
}

void Tokenizer::State::encode_plain(std::string_view text, Ids& out) const {
  const std::string normal = nfc ? to_nfc(text) : std::string(text);
  normalized_added.visit(
      normal,
      [&](std::string_view piece) {
        for (const std::string& word : splitter->split(piece)) {
          const Ids encoded = bpe.encode(word);
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
  for (const auto* ids : {&state_->added_ids, &state_->bpe.vocabulary()}) {
    if (auto found = ids->find(std::string(token)); found != ids->end()) return found->second;
  }
  return std::nullopt;
}

std::int64_t Tokenizer::vocabulary_size() const { return static_cast<std::int64_t>(state_->bytes.size()); }

}  // namespace sweetspot::worker
