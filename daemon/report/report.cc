#include "daemon/report/report.h"

namespace sweetspot::daemon {

nlohmann::json to_json(const Report& table) {
  return {{"name", table.name},
          {"definition", table.definition},
          {"rows", table.rows},
          {"missing", table.missing},
          {"summary", table.summary}};
}

nlohmann::json missing_cell(const CellResult& cell) {
  return {{"encoder", cell.encoder},    {"layers", cell.layers},
          {"language", cell.language},  {"lora", cell.lora},
          {"seed", cell.seed},          {"settings", cell.settings},
          {"run", to_string(cell.run)}, {"state", to_string(cell.state)}};
}

}  // namespace sweetspot::daemon
