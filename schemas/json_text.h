// JSON text from outside -> a document, under limits: depth 32, no duplicate keys, `//` comments allowed.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "schemas/result.h"

namespace sweetspot {

inline constexpr int kMaxJsonDepth = 32;

Result<nlohmann::json> parse_json(std::string_view text);

// A field's name as one step of a JSON Pointer: "a/b" -> "a~1b".
std::string escape_pointer(std::string name);

// Serialises for output: invalid UTF-8 is replaced, never thrown on.
std::string dump_json(const nlohmann::json& document);

}  // namespace sweetspot
