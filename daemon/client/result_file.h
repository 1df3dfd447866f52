// Files with results from elsewhere, as the body of POST /results.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "schemas/result.h"

namespace sweetspot::daemon {

// Whether the text is one JSON document with `cells`, that is, complete as it is.
bool is_results_document(std::string_view text);

// The utterances of a file, as [{id, reference, hypothesis, seconds}]:
//   JSON lines   {"reference", "hypothesis"}, or a NeMo manifest {"text", "pred_text"}; id and
//   audio_filepath,
//                seconds and duration are taken where they are there
//   CSV          a header with `reference` and `hypothesis`, RFC 4180
// Errors name the line and the field.
Result<nlohmann::json> read_utterances(std::string_view text);

}  // namespace sweetspot::daemon
