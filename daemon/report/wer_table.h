// Table "wer": the test WER of every cell, beside how much of the encoder was cut.
#pragma once

#include <span>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

// Rows in the order given. Parameters are those counted in any finished run of that encoder and depth; the
// reduction is against the deepest depth of that encoder in the sweep, once that is counted as well.
Report wer_table(std::span<const CellResult> cells);

}  // namespace sweetspot::daemon
