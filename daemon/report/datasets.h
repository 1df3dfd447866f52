// Table "datasets": what was trained and tested on, after filtering, and what was filtered.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

// One split as some runs of a language had it.
struct SplitUse {
  std::string language, split;
  std::int64_t utterances = 0;
  double seconds = 0;
  std::int64_t skipped = 0;
  std::map<std::string, std::int64_t> reasons;  // how many were skipped for each
  std::int64_t runs = 0;
};

// Table 1 of arXiv 2603.27981: utterances and hours of each split. Runs of one language that had different
// data (other limits, other seeds) have rows of their own.
Report datasets_table(std::span<const SplitUse> splits, std::span<const CellResult> cells);

}  // namespace sweetspot::daemon
