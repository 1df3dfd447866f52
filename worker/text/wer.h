// Scores a hypothesis as the paper does: normalised, then aligned (schemas/alignment.h).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "schemas/alignment.h"
#include "schemas/metrics.h"

namespace sweetspot::worker {

// Scores one utterance as the paper does. Words (counts, letters, and the texts that are kept) after the
// normaliser paper-wer, characters after paper-cer. id, audio and seconds are left to the caller.
UtteranceResult score(std::string_view reference, std::string_view hypothesis);

// The mean of the error rates of consecutive batches, which is what the paper's code prints as WER (batches
// of 32 of the test split, 8 of the validation split). A compatibility number beside the corpus rate, which
// is the rate of the sum: short batches and short utterances weigh more here. `batch` is at least 1; without
// utterances it is 0.
double batch_mean_rate(std::span<const EditCounts> utterances, std::size_t batch);

}  // namespace sweetspot::worker
