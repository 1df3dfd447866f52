// The parts that encoding, decoding and training of a byte-level BPE share: the letters that stand for bytes,
// and the patterns that cut text into words.
#pragma once

#include <unicode/regex.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schemas/result.h"

namespace sweetspot::worker {

inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// The letter (UTF-8) that stands for each byte in a vocabulary: printable Latin-1 for itself, the other 68
// bytes by U+0100 onwards. As published with GPT-2.
const std::array<std::string, 256>& byte_letters();

// The reverse: letter -> byte.
const std::unordered_map<std::string, unsigned char>& letter_bytes();

// Replaces every byte of the text by its letter.
std::string to_letters(std::string_view bytes);

// The bytes a vocabulary entry stands for. An entry with a character that stands for no byte is meant
// literally.
std::string from_letters(std::string_view token);

// The characters of UTF-8 text, as views into it. A malformed byte is a character of its own.
std::vector<std::string_view> characters_of(std::string_view text);

// Cuts text into words with an ICU regular expression: matches and what lies between them, nothing is lost.
class WordSplitter {
 public:
  static Result<WordSplitter> compile(std::string_view pattern);
  std::vector<std::string> split(std::string_view text) const;

 private:
  explicit WordSplitter(std::shared_ptr<const icu::RegexPattern> pattern) : pattern_(std::move(pattern)) {}
  std::shared_ptr<const icu::RegexPattern> pattern_;
};

// Unicode normal form C.
std::string to_nfc(std::string_view text);

}  // namespace sweetspot::worker
