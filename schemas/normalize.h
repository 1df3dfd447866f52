// Named text normalisers. A name and its version always mean the same transformation, so that figures stay
// comparable: a change to one is a new version beside the old.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sweetspot {

enum class Normalizer {
  kTrainingText,  // "training-text/1": what the model learns to write
  kPaperWer,      // "paper-wer/1": before words are compared
  kPaperCer,      // "paper-cer/1": before characters are compared
  kPlainWords,    // "plain-words/1": ours, for comparing words across corpora
};

std::string_view normalizer_name(Normalizer normalizer);
std::optional<Normalizer> normalizer_named(std::string_view name);
std::vector<std::string> normalizer_names();  // all of them

// Normalises UTF-8 text (invalid bytes count as U+FFFD). The first three are the paper's:
//   training-text  lower case; all but letters, digits, _, blanks and apostrophes become blanks; apostrophes
//                  that are not inside a word become blanks; blanks collapse.
//   paper-wer      <...>, [...] and (...) go; lower case; blanks collapse; punctuation (Unicode P*) goes.
//   paper-cer      <...>, [...] and (...) go; lower case; NFKC; marks, symbols and punctuation (Unicode M*,
//                  S*, P*) become blanks; blanks collapse.
//   plain-words    NFKC; lower case; U+2019 is an apostrophe; all but letters, marks, numbers and apostrophes
//                  inside a word become blanks; blanks collapse. Unlike paper-wer it leaves nothing out that
//                  was said, tells "don't" from "dont", and reads "a-b" as two words.
std::string normalize(Normalizer normalizer, std::string_view text);

}  // namespace sweetspot
