// Following a sweep until it is finished.
#pragma once

#include <string>

#include "daemon/client/progress.h"
#include "daemon/client/settings.h"

namespace sweetspot::daemon {

// A sweep document and its runs under way, as progress.
SweepProgress progress_of(const nlohmann::json& sweep, const nlohmann::json& active_runs);

// Shows progress on standard error until every run is over. Ok, or some_runs_failed. A daemon that goes away
// for less than a minute is waited for.
Outcome watch_sweep(const Settings& settings, Api& api, const std::string& sweep);

}  // namespace sweetspot::daemon
