// The requests that make an open sweet spot decidable, ready to be sent: {method, path, body}, or null.
#pragma once

#include <nlohmann/json.hpp>

#include "daemon/store/queries.h"

namespace sweetspot::daemon {

// Queues again those of `needs` (as missing_cell names them) that are over without a result. null: all of
// them are on their way.
nlohmann::json call_for_needs(SweepId sweep, const nlohmann::json& needs);

// Submits the cells that the sweep never had ({encoder, layers, language, lora, seed, settings}), and no
// other: its own file with those points as axes. null: there are none, or it is an import, of which nothing
// can be run.
nlohmann::json call_for_absent(const SweepRow& sweep, const nlohmann::json& absent);

}  // namespace sweetspot::daemon
