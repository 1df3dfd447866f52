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

json to_json(const Report& table) {
  json columns = json::array();
  for (const ReportColumn& column : table.columns)
    columns.push_back(
        {{"key", column.key}, {"title", column.title}, {"kind", kKindNames[std::size_t(column.kind)]}});
  return {{"name", table.name},
          {"definition", table.definition},
          {"normalizer", table.normalizer},
          {"columns", columns},
          {"rows", table.rows},
          {"missing", table.missing},
          {"test_sets", table.test_sets},
          {"notes", table.notes},
          {"summary", table.summary}};
}

void add_settings_column(Report& report, std::span<const CellResult> cells) {
  const bool any =
      std::any_of(cells.begin(), cells.end(), [](const CellResult& cell) { return !cell.settings.empty(); });
  if (any) report.columns.push_back({"settings", "Settings"});
}

json missing_cell(const CellResult& cell) {
  return {{"encoder", cell.encoder},    {"layers", cell.layers},
          {"language", cell.language},  {"lora", cell.lora},
          {"seed", cell.seed},          {"settings", cell.settings},
          {"run", to_string(cell.run)}, {"state", to_string(cell.state)}};
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
