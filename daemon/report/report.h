// What tables are made of and what they give. Pure: no database, no clock.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "schemas/ids.h"
#include "schemas/metrics.h"
#include "schemas/run_state.h"

namespace sweetspot::daemon {

// One run of a sweep, as tables see it.
struct CellResult {
  RunId run;
  std::string encoder, language;
  int layers = 0;
  bool lora = false;
  std::int64_t seed = 0;
  nlohmann::json settings = nlohmann::json::object();  // values of further axes
  RunState state = RunState::queued;
  std::optional<EditCounts> words;        // of the test split, once succeeded
  std::optional<ParameterCounts> params;  // likewise
};

// How a column is shown to people. Ratios become per cent there; JSON and CSV keep them.
enum class ColumnKind { text, integer, ratio };
struct ReportColumn {
  std::string key;  // of the row; "wer.da" reaches into an object
  std::string title;
  ColumnKind kind = ColumnKind::text;
};

struct Report {
  std::string name, definition;
  std::vector<ReportColumn> columns;
  nlohmann::json rows = nlohmann::json::array();     // as openapi.json describes them
  nlohmann::json missing = nlohmann::json::array();  // cells that are not done
  nlohmann::json summary = nlohmann::json::object();
};

nlohmann::json to_json(const Report& table);

// Adds a column with the values of further axes, where the sweep has any.
void add_settings_column(Report& report, std::span<const CellResult> cells);

// The entry of `missing` for a run that has not succeeded.
nlohmann::json missing_cell(const CellResult& cell);

}  // namespace sweetspot::daemon
