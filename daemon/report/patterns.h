// Table "patterns": what the cut encoder gets badly wrong and LoRA gets wholly right.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "daemon/report/report.h"
#include "schemas/metrics.h"

namespace sweetspot::daemon {

// Gives the utterances with these numbers of a run's test split, in that order.
using UtterancesOf =
    std::function<std::vector<UtteranceResult>(RunId run, const std::vector<std::int64_t>& numbers)>;

inline constexpr std::size_t kMostPatterns = 50;  // rows an encoder and language

// Table 6 of arXiv 2603.27981: utterances whose WER is above 0.8 with the encoder cut once and 0 once LoRA is
// added, in the order of the test split. The paper sorted them by hand; what a rule can tell is tagged (see
// tag_of), the rest is not. Of each encoder and language the first kMostPatterns are rows, all are counted.
Report patterns_table(std::span<const CellResult> cells, const UtterancesOf& utterances_of);

// "repetition": one to four words are repeated three times or more on end. "compound": reference and
// hypothesis differ in blanks only. Empty: neither.
std::string tag_of(const std::string& reference, const std::string& hypothesis);

// The pairs of an alignment's letters: [{op, reference, hypothesis}], with "" where a side has no word.
nlohmann::json aligned_words(const UtteranceResult& utterance);

}  // namespace sweetspot::daemon
