// What tables are made of and what they give. Pure: no database, no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/report/evidence.h"
#include "schemas/ids.h"
#include "schemas/metrics.h"
#include "schemas/or_null.h"
#include "schemas/run_state.h"

namespace sweetspot::daemon {

// What was published of a run of which nothing else is known.
struct Published {
  double wer = 0;                   // a ratio
  std::optional<double> reduction;  // share of the encoder that was cut
};

// One run of a sweep, as tables see it.
struct CellResult {
  RunId run;
  std::string encoder, language;
  int layers = 0;
  bool lora = false;
  std::int64_t seed = 0;
  nlohmann::json settings = nlohmann::json::object();  // values of further axes
  RunState state = RunState::queued;
  std::optional<EditCounts> words;           // of the test split, once succeeded
  std::optional<ParameterCounts> params;     // likewise
  std::optional<Published> published;        // imported without its utterances
  std::string result;                        // SHA-256 of its utterances; empty: there are none
  std::shared_ptr<const Evidence> evidence;  // utterance by utterance; null: not known

  bool done() const { return words || published; }
  std::optional<double> wer() const;  // a ratio; nullopt: not done
};

// How a column is shown to people: ratios become per cent, decimals keep two digits. JSON and CSV keep all.
enum class ColumnKind { text, integer, ratio, decimal };
struct ReportColumn {
  std::string key;  // of the row; "wer.da" reaches into an object
  std::string title;
  ColumnKind kind = ColumnKind::text;
  bool lowest_is_best = false;  // then a paper has it in bold
};

struct Report {
  std::string name, definition;
  std::vector<ReportColumn> columns;
  nlohmann::json rows = nlohmann::json::array();     // as openapi.json describes them
  nlohmann::json missing = nlohmann::json::array();  // cells that are not done
  nlohmann::json summary = nlohmann::json::object();
  std::string normalizer;                              // of the words that were compared
  nlohmann::json test_sets = nlohmann::json::array();  // what the rows were measured on
  std::vector<std::string> notes;                      // what a reader has to know beside the definition
};

nlohmann::json to_json(Report table);

// Adds a column with the values of further axes, where the sweep has any.
void add_settings_column(Report& report, std::span<const CellResult> cells);

// The entry of `missing` for a run that has not succeeded.
nlohmann::json missing_cell(const CellResult& cell);

// For each language and test split: how many utterances and reference words, and how many runs it measured.
nlohmann::json test_sets_of(std::span<const CellResult> cells);

}  // namespace sweetspot::daemon
