// The event table: what happened, in order. Rows are written inside the transaction that makes them true.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/store/sqlite.h"
#include "schemas/ids.h"

namespace sweetspot::daemon {

// RFC 3339 in UTC with milliseconds: "2026-03-01T12:30:00.250Z".
std::string utc_now();

struct EventRow {
  std::string_view type;  // sweep, run, progress, epoch, worker, device
  std::optional<SweepId> sweep = {};
  std::optional<RunId> run = {};
};
Status record_event(Database& database, const EventRow& row, const nlohmann::json& data);

// The whole row, as the API shows it.
Status record_run(Database& database, RunId run);
Status record_sweep(Database& database, SweepId sweep);

}  // namespace sweetspot::daemon
