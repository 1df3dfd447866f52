// Rows -> JSON as openapi.json describes them.
#pragma once

#include <nlohmann/json.hpp>

#include "daemon/store/queries.h"

namespace sweetspot::daemon {

// A value, or null.
template <class T>
nlohmann::json or_null(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}
template <class Tag>
nlohmann::json or_null(const std::optional<Id<Tag>>& id) {
  return id ? nlohmann::json(to_string(*id)) : nlohmann::json();
}

nlohmann::json to_json(const EditCounts& counts);
nlohmann::json to_json(const RunRow& run);
nlohmann::json to_json(const StoredEvent& event);
nlohmann::json to_json(const std::vector<RunId>& runs);

// `busy_devices` is for the estimate of the time left.
nlohmann::json to_json(const SweepRow& sweep, std::int64_t busy_devices);

}  // namespace sweetspot::daemon
