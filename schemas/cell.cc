#include "schemas/cell.h"

#include <fmt/format.h>

#include "schemas/cell_fields.h"
#include "schemas/json_schema.h"
#include "schemas/json_text.h"
#include "schemas/sha256.h"
#include "schemas/sweep.h"

namespace sweetspot {

nlohmann::json to_json(const Cell& cell) { return fields::write(cell); }

template <class T>
const std::string& CellWriter::Part<T>::of(const T& now) {
  if (!value || *value != now) value = now, text = dump_json(fields::write(now));
  return text;
}

std::string CellWriter::text(const Cell& c) {
  return fmt::format(
      R"({{"corpus":{},"encoder":{},"eval":{},"language":{},"layers":{},"llm":{},"lora":{},"projector":{},)"
      R"("recipe":{},"seed":{},"train":{}}})",
      corpus_.of(c.corpus), encoder_.of(c.encoder), eval_.of(c.eval), language_.of(c.language), c.layers,
      llm_.of(c.llm), lora_.of(c.lora), projector_.of(c.projector), recipe_.of(c.recipe), c.seed,
      train_.of(c.train));
}

namespace {
struct SetField {
  std::string_view group, name;
  const nlohmann::json& value;

  template <class T>
  void in(T& part) const {
    if constexpr (fields::Described<T>) {
      fields::Fields<T>::visit(part, [&](std::string_view field, auto& member) {
        if (field == name) fields::read(value, member, fields::Missing::take_default);
      });
    }
  }
  template <class T>
  void in(std::optional<T>& part) const {
    if (part) in(*part);
  }
};
}  // namespace

void set_field(Cell& cell, std::string_view path, const nlohmann::json& value) {
  const auto dot = path.find('.');
  const SetField setting{path.substr(0, dot), path.substr(dot + 1), value};
  fields::Fields<Cell>::visit(cell, [&](std::string_view field, auto& part) {
    if (field == setting.group) setting.in(part);
  });
}

Cell with_settings(Cell base, std::int64_t seed, const nlohmann::json& settings) {
  base.seed = seed;
  for (const auto& [path, value] : settings.items()) set_field(base, path, value);
  return base;
}

Result<Cell, Errors> cell_from_json(const nlohmann::json& document) {
  Errors errors = validate(document, sweep_schema()["$defs"]["cell"], sweep_schema());
  if (!errors.empty()) return errors;
  Cell cell;
  fields::read(document, cell, fields::Missing::take_default);
  return cell;
}

// nlohmann keeps object keys sorted and prints the shortest number that reads back equal: canonical bytes.
std::string cell_hash(const Cell& cell) { return sha256_hex(CellWriter().text(cell)); }

std::string model_label(const std::string& model) {
  if (!model.starts_with('/')) return model;
  const std::string trimmed = model.substr(0, model.find_last_not_of('/') + 1);
  return trimmed.substr(trimmed.rfind('/') + 1);
}

}  // namespace sweetspot
