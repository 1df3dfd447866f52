// Word and character errors: the minimal edits between reference and hypothesis. Where several alignments are
// minimal, the one that rapidfuzz (and so jiwer) reports, so that S, D and I agree with theirs one by one.
#pragma once

#include <string>
#include <string_view>

#include "schemas/metrics.h"

namespace sweetspot {

struct Alignment {
  EditCounts counts;
  std::string letters;  // H, S, D, I in order
};

// Words are what blanks (U+0020) separate; empty ones do not count.
Alignment align_words(std::string_view reference, std::string_view hypothesis);

// Characters are Unicode code points of UTF-8 text, blanks included; a byte that is not UTF-8 counts as one.
Alignment align_characters(std::string_view reference, std::string_view hypothesis);

}  // namespace sweetspot
