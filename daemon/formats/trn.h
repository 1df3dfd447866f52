// Transcripts for NIST's sclite (SCTK): `words (id)`, an utterance a line; references and hypotheses in a file
// each.
//   sclite -r NAME.ref.trn trn -h NAME.hyp.trn trn -i spu_id -e utf-8 -s
#pragma once

#include <string>
#include <string_view>

namespace sweetspot::daemon {

// A word or an id as sclite reads it back whole. What has a meaning for sclite (alternatives in braces, @ for
// no word, optional words in parentheses, word:tag, word*, ;; for a comment, \, and blanks other than ours) is
// written as % and two hexadecimal digits, and so is % itself: equal words stay equal, others different.
std::string trn_word(std::string_view word);

// `text (test-NUMBER-ID)` and a line feed. sclite takes what comes before the hyphen as the speaker.
std::string trn_line(std::string_view text, int number, std::string_view id);

}  // namespace sweetspot::daemon
