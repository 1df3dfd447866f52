// Validation against the part of JSON Schema 2020-12 that sweep.schema.json and openapi.json use: type, enum,
// const, properties, required, additionalProperties, items, minItems, maxItems, uniqueItems, minimum,
// maximum, exclusiveMinimum, minLength, maxLength, anyOf, $ref (into the same document).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "schemas/result.h"

namespace sweetspot {

// All violations at once, in document order, each with a JSON Pointer into `document` and a hint (for an
// unknown field the nearest known one). `root` is the document that "#/..." references are resolved in.
Errors validate(const nlohmann::json& document, const nlohmann::json& schema, const nlohmann::json& root);

}  // namespace sweetspot
