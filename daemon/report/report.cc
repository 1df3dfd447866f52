#include "daemon/report/report.h"

#include <algorithm>

namespace sweetspot::daemon {

nlohmann::json to_json(const Report& table) {
  return {{"name", table.name},
          {"definition", table.definition},
          {"rows", table.rows},
          {"missing", table.missing},
          {"summary", table.summary}};
}

void add_settings_column(Report& report, std::span<const CellResult> cells) {
  const bool any =
      std::any_of(cells.begin(), cells.end(), [](const CellResult& cell) { return !cell.settings.empty(); });
  if (any) report.columns.push_back({"settings", "Settings"});
}

nlohmann::json missing_cell(const CellResult& cell) {
  return {{"encoder", cell.encoder},    {"layers", cell.layers},
          {"language", cell.language},  {"lora", cell.lora},
          {"seed", cell.seed},          {"settings", cell.settings},
          {"run", to_string(cell.run)}, {"state", to_string(cell.state)}};
}

}  // namespace sweetspot::daemon
