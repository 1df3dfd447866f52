// Which queued runs a free worker should do next. Pure.
#pragma once

#include <vector>

#include "daemon/core/state.h"

namespace sweetspot::daemon {

// Priority decides first, then the sweep's age. Within one sweep, what the worker has warm (same encoder, LLM
// and corpus) goes before what nobody has warm, and that before what another worker has warm; then grid
// order. With the run that is due by that go others of its sweep that can be trained in one step with it, at
// most `most` in all and no more than the device's memory holds: those that will take as many epochs first,
// and only a fair share of the sweep, so that no other device is left without. What has failed before goes
// alone. In grid order; empty: there is nothing to do.
std::vector<RunId> pick_pack(const State& state, const Worker& worker, std::size_t most);

}  // namespace sweetspot::daemon
