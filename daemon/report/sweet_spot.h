// Table "sweet-spot": the smallest encoder that is still as good as the whole one.
#pragma once

#include <span>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

// The rule of arXiv 2603.27981: the deepest cut whose WER with LoRA is below the WER of the unpruned encoder
// without LoRA in every language. "Unpruned" is the deepest depth of that encoder in the sweep. Decided for
// each encoder and each setting of further axes; of several seeds the mean decides, and each seed has its own
// rows. A cell that is missing leaves the verdict open only where it could still change it.
Report sweet_spot_table(std::span<const CellResult> cells);

}  // namespace sweetspot::daemon
