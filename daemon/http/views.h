// Rows -> JSON as openapi.json describes them.
#pragma once

#include <nlohmann/json.hpp>

#include "daemon/store/queries.h"
#include "schemas/or_null.h"

namespace sweetspot::daemon {

nlohmann::json to_json(const EditCounts& counts);
nlohmann::json to_json(const RunRow& run);
nlohmann::json to_json(const StoredEvent& event);
nlohmann::json to_json(const std::vector<RunId>& runs);

// `busy_devices` is for the estimate of the time left.
nlohmann::json to_json(const SweepRow& sweep, std::int64_t busy_devices);

nlohmann::json to_json(const RunTiming& timing);
nlohmann::json to_json(const SweepTiming& timing);

}  // namespace sweetspot::daemon
