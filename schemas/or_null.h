// Values that may not be there, in JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "schemas/ids.h"

namespace sweetspot {

// A value, or null; an id as people write it.
template <class T>
nlohmann::json or_null(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}
template <class Tag>
nlohmann::json or_null(const std::optional<Id<Tag>>& id) {
  return id ? nlohmann::json(to_string(*id)) : nlohmann::json();
}

}  // namespace sweetspot
