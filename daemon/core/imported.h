// Results that come from elsewhere: published WERs, or hypotheses of another system.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "schemas/ids.h"
#include "schemas/metrics.h"
#include "schemas/result.h"

namespace sweetspot::daemon {

// One cell with either a WER or its utterances, normalised and aligned.
struct ImportedCell {
  std::string encoder, language;
  int layers = 0;
  bool lora = false;
  std::int64_t seed = 0;  // 0: not said
  nlohmann::json settings = nlohmann::json::object();
  std::optional<double> wer;  // a ratio
  std::vector<UtteranceResult> utterances;
  std::optional<std::int64_t> encoder_params, adapter_params;
  std::optional<double> reduction;
};

struct ImportedResults {
  std::string name, source;
  std::optional<SweepId> into;  // an import that is there; its cells of the same identity are replaced
  nlohmann::json about;         // {name, source, normalizer, notes, corpora}: kept as the sweep's file
  std::vector<ImportedCell> cells;
};

// Reads a document that fits ImportedResults of openapi.json. Texts are normalised by the normaliser it
// names, otherwise by that of own runs; "none" leaves them as they are given. All errors at once: a cell with
// both or neither of `wer` and `utterances`, the same cell twice.
Result<ImportedResults, Errors> read_imported(const nlohmann::json& document);

// What tells an imported cell from the others of its sweep.
nlohmann::json identity_of(const ImportedCell& cell);

}  // namespace sweetspot::daemon
