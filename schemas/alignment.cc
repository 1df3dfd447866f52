#include "schemas/alignment.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sweetspot {
namespace {

// Minimal edits between the stretches that a common prefix and suffix leave over, traced back as rapidfuzz
// does (rapidfuzz 3, Levenshtein.opcodes): a deletion wins where it explains the distance, then an insertion,
// then the diagonal.
template <class Token>
std::string edit_letters(const std::vector<Token>& reference, const std::vector<Token>& hypothesis) {
  const auto [reference_end, hypothesis_end] =
      std::mismatch(reference.begin(), reference.end(), hypothesis.begin(), hypothesis.end());
  const std::size_t prefix = reference_end - reference.begin();
  const std::size_t longest_suffix = std::min(reference.size(), hypothesis.size()) - prefix;
  std::size_t suffix = 0;
  while (suffix < longest_suffix && reference.rbegin()[suffix] == hypothesis.rbegin()[suffix]) ++suffix;

  const std::size_t rows = reference.size() - prefix - suffix, columns = hypothesis.size() - prefix - suffix;
  std::vector<std::int32_t> table((rows + 1) * (columns + 1));  // [rows + 1, columns + 1]
  auto distance = [&](std::size_t i, std::size_t j) -> std::int32_t& { return table[i * (columns + 1) + j]; };
  auto same = [&](std::size_t i, std::size_t j) {
    return reference[prefix + i - 1] == hypothesis[prefix + j - 1];
  };
  for (std::size_t i = 0; i <= rows; ++i) distance(i, 0) = static_cast<std::int32_t>(i);
  for (std::size_t j = 0; j <= columns; ++j) distance(0, j) = static_cast<std::int32_t>(j);
  for (std::size_t i = 1; i <= rows; ++i) {
    for (std::size_t j = 1; j <= columns; ++j) {
      distance(i, j) = std::min(
          {distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (same(i, j) ? 0 : 1)});
    }
  }

  std::string letters(suffix, 'H');
  std::size_t i = rows, j = columns;
  while (i > 0 && j > 0) {
    if (distance(i, j) == distance(i - 1, j) + 1) {
      letters += 'D', --i;
    } else if (distance(i, j - 1) + 1 == distance(i - 1, j - 1)) {
      letters += 'I', --j;
    } else {
      letters += same(i, j) ? 'H' : 'S', --i, --j;
    }
  }
  letters.append(i, 'D').append(j, 'I').append(prefix, 'H');
  std::reverse(letters.begin(), letters.end());
  return letters;
}

template <class Token>
Alignment align(const std::vector<Token>& reference, const std::vector<Token>& hypothesis) {
  Alignment alignment;
  alignment.letters = edit_letters(reference, hypothesis);
  auto count = [&](char letter) {
    return std::count(alignment.letters.begin(), alignment.letters.end(), letter);
  };
  alignment.counts = {
      .hits = count('H'), .substitutions = count('S'), .deletions = count('D'), .insertions = count('I')};
  return alignment;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// The length of the UTF-8 character that `text` begins with; 1 where it is malformed.
std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
  for (std::size_t i = 1; i < length; ++i)
    if (i >= text.size() || (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 1;
  return length;
}

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> characters;
  while (!text.empty()) {
    characters.push_back(text.substr(0, character_length(text)));
    text.remove_prefix(characters.back().size());
  }
  return characters;
}

}  // namespace

Alignment align_words(std::string_view reference, std::string_view hypothesis) {
  return align(words_of(reference), words_of(hypothesis));
}

Alignment align_characters(std::string_view reference, std::string_view hypothesis) {
  return align(characters_of(reference), characters_of(hypothesis));
}

}  // namespace sweetspot
