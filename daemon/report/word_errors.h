// Table "word-errors": which kinds of word errors LoRA removes from the encoder that was cut once.
#pragma once

#include <span>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

// Table 7 of arXiv 2603.27981: (with LoRA - without) / without, for the substitutions, insertions, deletions
// and all errors of the whole test split. Null where there was none without LoRA. The kinds of errors follow
// the alignment, which breaks ties as jiwer does.
Report word_errors_table(std::span<const CellResult> cells);

}  // namespace sweetspot::daemon
