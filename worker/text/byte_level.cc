#include "worker/text/byte_level.h"

#include <fmt/format.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

namespace sweetspot::worker {
namespace {

icu::UnicodeString utf16(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

std::string utf8(const icu::UnicodeString& text) {
  std::string out;
  return text.toUTF8String(out);
}

bool stands_for_itself(int byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

}  // namespace

const std::array<std::string, 256>& byte_letters() {
  static const auto letters = [] {
    std::array<std::string, 256> table;
    int next = 256;
    for (int byte = 0; byte < 256; ++byte) {
      table[byte] = utf8(icu::UnicodeString(UChar32{stands_for_itself(byte) ? byte : next++}));
    }
    return table;
  }();
  return letters;
}

const std::unordered_map<std::string, unsigned char>& letter_bytes() {
  static const auto bytes = [] {
    std::unordered_map<std::string, unsigned char> table;
    for (int byte = 0; byte < 256; ++byte) table[byte_letters()[byte]] = static_cast<unsigned char>(byte);
    return table;
  }();
  return bytes;
}

std::string to_letters(std::string_view bytes) {
  std::string out;
  for (unsigned char byte : bytes) out += byte_letters()[byte];
  return out;
}

std::string from_letters(std::string_view token) {
  std::string out;
  for (auto letter : characters_of(token)) {
    auto found = letter_bytes().find(std::string(letter));
    if (found == letter_bytes().end()) return std::string(token);
    out += static_cast<char>(found->second);
  }
  return out;
}

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> out;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    const std::int32_t start = at;
    UChar32 character;
    U8_NEXT(bytes, at, size, character);
    if (character < 0) at = start + 1;
    out.push_back(text.substr(start, at - start));
  }
  return out;
}

Result<WordSplitter> WordSplitter::compile(std::string_view pattern) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError where;
  std::shared_ptr<const icu::RegexPattern> compiled(
      icu::RegexPattern::compile(utf16(pattern), 0, where, status));
  if (U_FAILURE(status)) {
    return Error{"tokenizer_unsupported",
                 fmt::format("cannot compile the split pattern {} ({})", pattern, u_errorName(status)),
                 "use a tokenizer whose pattern is an ordinary regular expression", ""};
  }
  return WordSplitter(std::move(compiled));
}

std::vector<std::string> WordSplitter::split(std::string_view text) const {
  const icu::UnicodeString subject = utf16(text);
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<icu::RegexMatcher> matcher(pattern_->matcher(subject, status));
  std::vector<std::string> words;
  auto add = [&](std::int32_t begin, std::int32_t end) {
    if (begin < end) words.push_back(utf8(subject.tempSubStringBetween(begin, end)));
  };
  std::int32_t end = 0;
  while (U_SUCCESS(status) && matcher->find(status)) {
    add(end, matcher->start(status));
    add(matcher->start(status), matcher->end(status));
    end = matcher->end(status);
  }
  add(end, subject.length());
  return words;
}

std::string to_nfc(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  return utf8(nfc->normalize(utf16(text), status));
}

}  // namespace sweetspot::worker
