// Table "comparison": the cells that two sweeps have in common.
#pragma once

#include <span>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

struct Compared {
  std::span<const CellResult> cells;
  std::string normalizer;  // of their words
};

// Cells of equal encoder, layers, language, LoRA, seed and settings; a seed of 0, which imports have that do
// not say theirs, is any. `difference` is there minus here. Cells over different utterances, or whose words
// were normalised differently, are not compared: the row says why.
Report comparison_table(const Compared& here, const Compared& there);

// Why that table has no row: on which axes the two have no value in common.
std::string why_nothing_in_common(std::span<const CellResult> here, std::span<const CellResult> there);

}  // namespace sweetspot::daemon
