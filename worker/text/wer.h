// Word and character errors: the minimal edits between reference and hypothesis. Where several alignments are
// minimal, the one that rapidfuzz (and so jiwer) reports, so that S, D and I agree with theirs one by one.
#pragma once

#include <string>
#include <string_view>

#include "schemas/metrics.h"

namespace sweetspot::worker {

struct Alignment {
  EditCounts counts;
  std::string letters;  // H, S, D, I in order
};

// Words are what blanks (U+0020) separate; empty ones do not count.
Alignment align_words(std::string_view reference, std::string_view hypothesis);

// Characters are Unicode code points, blanks included.
Alignment align_characters(std::string_view reference, std::string_view hypothesis);

// Scores one utterance as the paper does. Words (counts, letters, and the texts that are kept) after the
// normaliser paper-wer, characters after paper-cer. id, audio and seconds are left to the caller.
UtteranceResult score(std::string_view reference, std::string_view hypothesis);

}  // namespace sweetspot::worker
