#include "worker/text/wer.h"

#include <algorithm>

#include "worker/text/normalize.h"

namespace sweetspot::worker {

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
