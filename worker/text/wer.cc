#include "worker/text/wer.h"

#include <unicode/unistr.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "worker/text/normalize.h"

namespace sweetspot::worker {
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

std::vector<UChar32> code_points_of(std::string_view text) {
  const auto utf16 =
      icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
  std::vector<UChar32> out(utf16.countChar32());
  UErrorCode status = U_ZERO_ERROR;
  utf16.toUTF32(out.data(), static_cast<std::int32_t>(out.size()), status);
  return out;
}

}  // namespace

Alignment align_words(std::string_view reference, std::string_view hypothesis) {
  return align(words_of(reference), words_of(hypothesis));
}

Alignment align_characters(std::string_view reference, std::string_view hypothesis) {
  return align(code_points_of(reference), code_points_of(hypothesis));
}

UtteranceResult score(std::string_view reference, std::string_view hypothesis) {
  UtteranceResult result;
  result.reference = normalize(Normalizer::kPaperWer, reference);
  result.hypothesis = normalize(Normalizer::kPaperWer, hypothesis);
  auto [counts, letters] = align_words(result.reference, result.hypothesis);
  result.words = counts;
  result.alignment = std::move(letters);
  result.characters = align_characters(normalize(Normalizer::kPaperCer, reference),
                                       normalize(Normalizer::kPaperCer, hypothesis))
                          .counts;
  return result;
}

double batch_mean_rate(std::span<const EditCounts> utterances, std::size_t batch) {
  double sum = 0;
  std::size_t batches = 0;
  for (; !utterances.empty(); ++batches) {
    const auto head = utterances.first(std::min(batch, utterances.size()));
    utterances = utterances.subspan(head.size());
    EditCounts total;
    for (const EditCounts& counts : head) total += counts;
    sum += total.rate();
  }
  return batches ? sum / double(batches) : 0;
}

}  // namespace sweetspot::worker
