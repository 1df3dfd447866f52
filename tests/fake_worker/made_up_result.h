// A result that looks like one: utterances of a language that are the same for each cell, with errors that
// grow fewer with the kept layers and with LoRA. A pure function of the cell, so that a test can say what
// must come out.
#pragma once

#include <string>
#include <vector>

#include "schemas/cell.h"
#include "schemas/metrics.h"

namespace sweetspot::fake {

// The share of words that will be wrong.
double expected_wer(const Cell& cell);

std::vector<UtteranceResult> make_utterances(const Cell& cell, int count);

// One JSON object a line.
std::string to_lines(const std::vector<UtteranceResult>& utterances);

// Of a cell that was at it for so long.
Timing made_up_timing(const Cell& cell, double seconds);

// What declares those utterances; times are left at 0.
RunResult declare(const Cell& cell, const std::vector<UtteranceResult>& utterances);

}  // namespace sweetspot::fake
