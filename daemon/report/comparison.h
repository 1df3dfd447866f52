// Table "comparison": the cells that two sweeps have in common.
#pragma once

#include <span>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

// Cells of equal encoder, layers, language, LoRA, seed and settings; a seed of 0, which imports have that do
// not say theirs, is any. `difference` is there minus here. Cells over different utterances are not compared:
// the row says why.
Report comparison_table(std::span<const CellResult> here, std::span<const CellResult> there);

}  // namespace sweetspot::daemon
