#include "schemas/sweep.h"

#include <algorithm>
#include <array>

#include "schemas/cell_fields.h"
#include "schemas/json_schema.h"
#include "schemas/json_text.h"

namespace sweetspot {

extern const std::string_view kSweepSchemaText;

namespace {
using json = nlohmann::json;
using fields::Missing;

constexpr std::array kMainAxes = {"encoder", "layers", "language", "lora", "seed"};
bool is_main_axis(const std::string& name) { return std::ranges::find(kMainAxes, name) != kMainAxes.end(); }

Depth read_depth(const json& value) { return value.is_string() ? Depth() : Depth(value.get<int>()); }

DepthAxis read_layers(const json& value) {
  if (value.is_object()) {
    return DepthRange{read_depth(value.value("from", json("full"))), value.value("to", 2),
                      value.value("step", 2)};
  }
  std::vector<Depth> depths;
  for (const json& depth : value) depths.push_back(read_depth(depth));
  return depths;
}

// The schema of a setting named by its dotted path, or null when there is none: "train.lr".
const json* setting_schema(const std::string& path) {
  const auto dot = path.find('.');
  if (dot == path.npos) return nullptr;
  const std::string group = path.substr(0, dot), name = path.substr(dot + 1);
  if (group != "train" && group != "eval" && group != "projector" && group != "lora") return nullptr;
  const json& properties = sweep_schema()["$defs"][group]["properties"];
  return properties.contains(name) ? &properties[name] : nullptr;
}

// Validates a part of the document that stands at `at`.
void check_at(const json& value, const json& schema, const std::string& at, Errors& errors) {
  for (Error& error : validate(value, schema, sweep_schema())) {
    error.pointer = at + error.pointer;
    errors.push_back(std::move(error));
  }
}

void read_setting_axes(const json& axes, SweepSpec& spec, Errors& errors) {
  for (const auto& [name, values] : axes.items()) {
    if (is_main_axis(name)) continue;
    const std::string at = "/axes/" + escape_pointer(name);
    const json* schema = setting_schema(name);
    if (!schema) {
      errors.push_back(
          {"unknown_field", "axis '" + name + "' is not known",
           "axes are encoder, layers, language, lora, seed, or a setting such as train.lr, eval.beam, lora.r",
           at});
      continue;
    }
    for (std::size_t i = 0; i < values.size(); ++i)
      check_at(values[i], *schema, at + "/" + std::to_string(i), errors);
    spec.settings.push_back({name, values.get<std::vector<json>>()});
  }
}

// The schema that every value of an axis in a rule must fit. A rule names depths by number: "full" is another
// depth for each encoder.
const json* excluded_schema(const std::string& axis) {
  const json& definitions = sweep_schema()["$defs"];
  if (axis == "layers") return &definitions["cell"]["properties"]["layers"];
  return is_main_axis(axis) ? &definitions["axes"]["properties"][axis]["items"] : setting_schema(axis);
}

Exclusion read_exclusion(const json& rule, const json& axes, const std::string& at, Errors& errors) {
  Exclusion exclusion;
  for (const auto& [axis, value] : rule.items()) {
    const std::string here = at + "/" + escape_pointer(axis);
    const json* schema = excluded_schema(axis);
    if (!schema || (!is_main_axis(axis) && !axes.contains(axis))) {
      errors.push_back(
          {"unknown_field", "'" + axis + "' is not an axis of this sweep", "name one of its axes", here});
      continue;
    }
    // A list of values, unless the axis has lists for values.
    const bool is_list = value.is_array() && !validate(value, *schema, sweep_schema()).empty();
    std::vector<json>& values = exclusion[axis];
    values = is_list ? value.get<std::vector<json>>() : std::vector<json>{value};
    for (std::size_t i = 0; i < values.size(); ++i)
      check_at(values[i], *schema, is_list ? here + "/" + std::to_string(i) : here, errors);
  }
  if (rule.empty())
    errors.push_back({"too_few", "an empty rule would exclude every cell", "name at least one axis", at});
  return exclusion;
}

void read_lora(const json& document, SweepSpec& spec) {
  fields::read(document.value("default", json::object()), spec.lora_default, Missing::take_default);
  const json by_language = document.value("by_language", json::object());
  for (const auto& [language, differing] : by_language.items()) {
    LoraSpec merged = spec.lora_default;
    fields::read(differing, merged, Missing::take_default);
    spec.lora_by_language.emplace(language, std::move(merged));
  }
}

void check_meaning(const SweepSpec& spec, Errors& errors) {
  for (std::size_t i = 0; i < spec.languages.size(); ++i) {
    if (spec.corpora.contains(spec.languages[i])) continue;
    errors.push_back({"missing_field", "language '" + spec.languages[i] + "' has no corpus",
                      "add corpora." + spec.languages[i] + " with format and path",
                      "/axes/language/" + std::to_string(i)});
  }
  for (const auto& [language, corpus] : spec.corpora) {
    if (corpus.filter_seconds[0] <= corpus.filter_seconds[1]) continue;
    errors.push_back({"out_of_range", "the filter's lower end lies above its upper end",
                      "for example [0.5, 30]", "/corpora/" + escape_pointer(language) + "/filter_seconds"});
  }
  const auto* range = std::get_if<DepthRange>(&spec.layers);
  if (range && range->from && *range->from < range->to) {
    errors.push_back(
        {"out_of_range", "layers go from the top down, but from is below to", "swap them", "/axes/layers"});
  }
}
}  // namespace

const json& sweep_schema() {
  static const json schema = json::parse(kSweepSchemaText);
  return schema;
}

Result<SweepSpec, Errors> parse_sweep(const json& document) {
  Errors errors = validate(document, sweep_schema(), sweep_schema());
  if (!errors.empty()) return errors;
  SweepSpec spec;
  const json& axes = document["axes"];
  spec.name = document["name"];
  spec.recipe = document.value("recipe", spec.recipe);
  spec.encoders = axes["encoder"].get<std::vector<std::string>>();
  spec.languages = axes["language"].get<std::vector<std::string>>();
  if (axes.contains("layers")) spec.layers = read_layers(axes["layers"]);
  if (axes.contains("lora")) spec.lora = axes["lora"].get<std::vector<bool>>();
  if (axes.contains("seed")) spec.seeds = axes["seed"].get<std::vector<std::int64_t>>();
  read_setting_axes(axes, spec, errors);
  const json rules = document.value("exclude", json::array());
  for (std::size_t i = 0; i < rules.size(); ++i)
    spec.exclude.push_back(read_exclusion(rules[i], axes, "/exclude/" + std::to_string(i), errors));
  for (const auto& [language, corpus] : document["corpora"].items()) {
    fields::read(corpus, spec.corpora[language], Missing::take_default);
  }
  spec.llm = document["llm"];
  spec.priority = document.value("priority", 0);
  fields::read(document.value("projector", json::object()), spec.projector, Missing::take_default);
  read_lora(document.value("lora", json::object()), spec);
  fields::read(document.value("train", json::object()), spec.train, Missing::take_default);
  fields::read(document.value("eval", json::object()), spec.eval, Missing::take_default);
  check_meaning(spec, errors);
  if (!errors.empty()) return errors;
  return spec;
}

}  // namespace sweetspot
