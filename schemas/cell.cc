#include "schemas/cell.h"

#include "schemas/cell_fields.h"
#include "schemas/json_schema.h"
#include "schemas/json_text.h"
#include "schemas/sha256.h"
#include "schemas/sweep.h"

namespace sweetspot {

nlohmann::json to_json(const Cell& cell) { return fields::write(cell); }

Result<Cell, Errors> cell_from_json(const nlohmann::json& document) {
  Errors errors = validate(document, sweep_schema()["$defs"]["cell"], sweep_schema());
  if (!errors.empty()) return errors;
  Cell cell;
  fields::read(document, cell, fields::Missing::take_default);
  return cell;
}

// nlohmann keeps object keys sorted and prints the shortest number that reads back equal: canonical bytes.
std::string cell_hash(const Cell& cell) { return sha256_hex(dump_json(to_json(cell))); }

std::string model_label(const std::string& model) {
  if (!model.starts_with('/')) return model;
  const std::string trimmed = model.substr(0, model.find_last_not_of('/') + 1);
  return trimmed.substr(trimmed.rfind('/') + 1);
}

}  // namespace sweetspot
