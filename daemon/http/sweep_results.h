// What every table begins with: the cells of a sweep, and what is known of where they come from.
#pragma once

#include <vector>

#include "daemon/http/router.h"
#include "daemon/report/datasets.h"

namespace sweetspot::daemon {

// The cells of a sweep in its order.
struct Results {
  SweepRow sweep;
  std::vector<CellResult> cells;
};
Result<Results, Problem> results_of(Context& context, SweepId id);

// Changes whenever a table of the sweep's results may: with each event of the sweep or of a run's state. Read
// before the results, it is never newer than they are.
Result<std::string, Problem> fingerprint_of(Context& context, SweepId id);

// What was done to the words before they were compared.
std::string normalizer_of(const SweepRow& sweep);

// The splits that finished runs report, or those that an import declares.
std::vector<SplitUse> splits_of(Context& context, const SweepRow& sweep);

// Adds normaliser, test sets and notes to a table of these results.
void say_where_from(Report& table, const Results& results);

}  // namespace sweetspot::daemon
