// Table "wer": the test WER of every cell, beside how much of the encoder was cut.
#pragma once

#include <span>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

// Rows in the order given (Table 2 of arXiv 2603.27981). Parameters are those counted in any finished run of
// that encoder and depth; the reduction is against the deepest depth of that encoder in the sweep, once that
// is counted as well, or as published. Each row is compared with its baseline: the whole encoder without
// LoRA, of the same language, seed and settings.
Report wer_table(std::span<const CellResult> cells);

// The same as a paper shows it: one row for each encoder, depth, seed and setting; a WER column for each
// language without and with LoRA, of which the lowest is the best.
Report wer_pivot(const Report& table);

}  // namespace sweetspot::daemon
