// Scores a hypothesis as the paper does: normalised, then aligned (schemas/alignment.h).
#pragma once

#include <string_view>

#include "schemas/alignment.h"
#include "schemas/metrics.h"

namespace sweetspot::worker {

// Scores one utterance as the paper does. Words (counts, letters, and the texts that are kept) after the
// normaliser kWordNormalizer, characters after paper-cer/1. id, audio and seconds are left to the caller.
UtteranceResult score(std::string_view reference, std::string_view hypothesis);

}  // namespace sweetspot::worker
