#include "worker/text/wer.h"

#include "schemas/normalize.h"

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

}  // namespace sweetspot::worker
