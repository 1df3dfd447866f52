// What one finished run did to each utterance of its test split: what per-utterance tables and intervals rest
// on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sweetspot::daemon {

struct Evidence {
  std::string test_set;  // SHA-256 of the references, in order: equal for runs over the same words
  std::vector<std::uint16_t> words;        // [U] reference words; the rate of an utterance is errors / words
  std::vector<std::uint16_t> errors;       // [U] S + D + I
  std::optional<double> real_time_factor;  // seconds of decoding a second of sound

  // [B] WER of each resample of the utterances. Resample b of two runs over one test set drew the same
  // utterances, so that differences are paired. Empty: not computed.
  std::vector<double> resampled;
};

// WER of one utterance: errors over its words; of an empty reference, the number of its insertions.
inline double rate(const Evidence& evidence, std::size_t utterance) {
  const double errors = evidence.errors[utterance];
  return evidence.words[utterance] ? errors / evidence.words[utterance] : errors;
}

}  // namespace sweetspot::daemon
