// A sweep against this machine: its grid, and what is missing here to run it. Reads model directories and
// corpus folders; changes nothing. `plan` shows it and always succeeds; `submit` refuses when something is
// missing.
#pragma once

#include <vector>

#include "daemon/core/grid.h"
#include "schemas/sweep.h"

namespace sweetspot::daemon {

struct Plan {
  Grid grid;
  Errors missing;  // models and corpora that are not here, each with a pointer into the sweep and a hint
};

Plan make_plan(const SweepSpec& spec);

}  // namespace sweetspot::daemon
