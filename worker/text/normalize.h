// Named text normalisers. A name always means the same transformation, so that figures stay comparable.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sweetspot::worker {

enum class Normalizer {
  kTrainingText,  // "training-text": what the model learns to write
  kPaperWer,      // "paper-wer": before words are compared
  kPaperCer,      // "paper-cer": before characters are compared
};

std::string_view normalizer_name(Normalizer normalizer);
std::optional<Normalizer> normalizer_named(std::string_view name);

// Normalises UTF-8 text (invalid bytes count as U+FFFD). All three are the paper's:
//   training-text  lower case; all but letters, digits, _, blanks and apostrophes become blanks; apostrophes
//                  that are not inside a word become blanks; blanks collapse.
//   paper-wer      <...>, [...] and (...) go; lower case; blanks collapse; punctuation (Unicode P*) goes.
//   paper-cer      <...>, [...] and (...) go; lower case; NFKC; marks, symbols and punctuation (Unicode M*,
//   S*,
//                  P*) become blanks; blanks collapse.
std::string normalize(Normalizer normalizer, std::string_view text);

}  // namespace sweetspot::worker
