#include "daemon/report/report.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

constexpr const char* kKindNames[] = {"text", "integer", "ratio", "decimal"};  // in the order of ColumnKind

}  // namespace

std::optional<double> CellResult::wer() const {
  if (words) return words->rate();
  return published ? std::optional(published->wer) : std::nullopt;
}

// Moved, not copied: a table of 100,000 cells has a hundred megabytes of rows.
json to_json(Report table) {
  json columns = json::array();
  for (const ReportColumn& column : table.columns)
    columns.push_back(
        {{"key", column.key}, {"title", column.title}, {"kind", kKindNames[std::size_t(column.kind)]}});
  json document = {{"name", table.name}, {"definition", table.definition}, {"normalizer", table.normalizer},
                   {"columns", columns}, {"test_sets", table.test_sets},   {"notes", table.notes}};
  document["rows"] = std::move(table.rows);
  document["missing"] = std::move(table.missing);
  document["summary"] = std::move(table.summary);
  return document;
}

void add_settings_column(Report& report, std::span<const CellResult> cells) {
  const bool any =
      std::any_of(cells.begin(), cells.end(), [](const CellResult& cell) { return !cell.settings.empty(); });
  if (any) report.columns.push_back({"settings", "Settings"});
}

// Field by field, as every row of a large table: a list of lists would be built first and copied from.
json missing_cell(const CellResult& cell) {
  json missing;
  missing["encoder"] = cell.encoder;
  missing["layers"] = cell.layers;
  missing["language"] = cell.language;
  missing["lora"] = cell.lora;
  missing["seed"] = cell.seed;
  missing["settings"] = cell.settings;
  missing["run"] = to_string(cell.run);
  missing["state"] = to_string(cell.state);
  return missing;
}

json test_sets_of(std::span<const CellResult> cells) {
  std::map<std::pair<std::string, std::string>, json> sets;  // by language and test set
  for (const CellResult& cell : cells) {
    if (!cell.evidence) continue;
    const Evidence& evidence = *cell.evidence;
    json& set = sets[{cell.language, evidence.test_set}];
    if (set.is_null())
      set = {{"language", cell.language},
             {"test_set", evidence.test_set.substr(0, 12)},
             {"utterances", evidence.words.size()},
             {"words", std::accumulate(evidence.words.begin(), evidence.words.end(), std::int64_t{0})},
             {"runs", 0}};
    set["runs"] = set["runs"].get<int>() + 1;
  }
  json list = json::array();
  for (auto& [key, set] : sets) list.push_back(std::move(set));
  return list;
}

}  // namespace sweetspot::daemon
