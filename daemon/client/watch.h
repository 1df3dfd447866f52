// Following a sweep until it is finished.
#pragma once

#include <map>
#include <string>

#include "daemon/client/progress.h"
#include "daemon/client/settings.h"

namespace sweetspot::daemon {

// The share of its training that each run under way had done when it last said so: while it validates, its
// steps are those of the validation.
using TrainedShares = std::map<std::string, double>;

// A sweep document and its runs under way, as progress.
SweepProgress progress_of(const nlohmann::json& sweep, const nlohmann::json& active_runs,
                          TrainedShares& trained);

// Shows progress on standard error until every run is over. Ok, or some_runs_failed. A daemon that goes away
// for less than a minute is waited for.
Outcome watch_sweep(const Settings& settings, Api& api, const std::string& sweep);

}  // namespace sweetspot::daemon
