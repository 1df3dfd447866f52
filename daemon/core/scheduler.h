// Which queued run a free worker should do next. Pure.
#pragma once

#include <optional>

#include "daemon/core/state.h"

namespace sweetspot::daemon {

// Priority decides first, then the sweep's age. Within one sweep, what the worker has warm (same encoder, LLM
// and corpus) goes before what nobody has warm, and that before what another worker has warm; then grid
// order.
std::optional<RunId> pick_run(const State& state, const Worker& worker);

}  // namespace sweetspot::daemon
