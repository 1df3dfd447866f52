#include "schemas/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "schemas/json_text.h"

namespace sweetspot {

namespace {
using json = nlohmann::json;

std::string shown(const json& value) {
  std::string text = dump_json(value);
  return text.size() > 80 ? text.substr(0, 77) + "..." : text;
}

bool has_type(const json& value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  if (type != "integer" || !value.is_number()) return false;
  const double number = value.get<double>();
  return value.is_number_integer() || (std::abs(number) < 1e15 && number == std::trunc(number));
}

// Levenshtein distance, for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearest_field(const std::string& name, const json& properties) {
  std::string best, all;
  std::size_t best_distance = name.size() / 2 + 1;
  for (const auto& [known, schema] : properties.items()) {
    all += (all.empty() ? "" : ", ") + known;
    if (const std::size_t d = distance(name, known); d < best_distance) best = known, best_distance = d;
  }
  return best.empty() ? "known fields: " + all : "did you mean '" + best + "'?";
}

class Validator {
 public:
  explicit Validator(const json& root) : root_(root) {}

  void check(const json& value, const json& schema, const std::string& at) {
    if (schema.is_boolean()) return;
    if (schema.contains("$ref")) {
      check(value, root_.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1))), at);
    }
    if (schema.contains("anyOf")) return check_any(value, schema, at);
    if (!check_type(value, schema, at)) return;
    check_value(value, schema, at);
    if (value.is_number()) check_number(value.get<double>(), schema, at);
    if (value.is_string()) check_string(value.get_ref<const std::string&>(), schema, at);
    if (value.is_array()) check_array(value, schema, at);
    if (value.is_object()) check_object(value, schema, at);
  }
  Errors errors;

 private:
  void report(std::string code, const std::string& at, std::string message, std::string hint) {
    errors.push_back({std::move(code), std::move(message), std::move(hint), at});
  }

  // None fits: the complaints of the alternative whose type fits are the useful ones.
  void check_any(const json& value, const json& schema, const std::string& at) {
    std::string titles;
    Errors closest;
    for (const json& alternative : schema["anyOf"]) {
      Validator attempt(root_);
      attempt.check(value, alternative, at);
      if (attempt.errors.empty()) return;
      const bool other_type =
          attempt.errors.front().code == "wrong_type" && attempt.errors.front().pointer == at;
      if (!other_type && closest.empty()) closest = attempt.errors;
      titles += (titles.empty() ? "" : ", or ") +
                alternative.value("title", alternative.value("type", std::string("?")));
    }
    if (closest.empty()) report("wrong_type", at, shown(value) + " does not fit here", "expected " + titles);
    errors.insert(errors.end(), closest.begin(), closest.end());
  }

  bool check_type(const json& value, const json& schema, const std::string& at) {
    if (!schema.contains("type")) return true;
    const json& type = schema["type"];
    const json types = type.is_array() ? type : json::array({type});
    const auto fits = [&](const json& t) { return has_type(value, t.get<std::string>()); };
    if (std::ranges::any_of(types, fits)) return true;
    std::string wanted;
    for (const json& t : types) wanted += (wanted.empty() ? "" : " or ") + t.get<std::string>();
    report("wrong_type", at, shown(value) + " is not of type " + wanted, example_hint(schema));
    return false;
  }

  void check_value(const json& value, const json& schema, const std::string& at) {
    if (schema.contains("const") && value != schema["const"]) {
      report("unknown_value", at, shown(value) + " is not allowed", "expected " + shown(schema["const"]));
    }
    if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end()) {
      report("unknown_value", at, shown(value) + " is not known here", "one of " + dump_json(schema["enum"]));
    }
  }

  void check_number(double number, const json& schema, const std::string& at) {
    const auto bound = [&](const char* key, auto violates, const char* word) {
      if (schema.contains(key) && violates(number, schema[key].get<double>())) {
        report("out_of_range", at, fmt::format("{} must be {} {}", number, word, schema[key].dump()),
               example_hint(schema));
      }
    };
    bound("minimum", std::less<>(), "at least");
    bound("maximum", std::greater<>(), "at most");
    bound("exclusiveMinimum", std::less_equal<>(), "greater than");
  }

  void check_string(const std::string& text, const json& schema, const std::string& at) {
    if (text.size() < schema.value("minLength", 0u))
      report("too_short", at, "must not be empty", example_hint(schema));
    if (text.size() > schema.value("maxLength", std::string::npos)) {
      report("too_long", at,
             fmt::format("{} bytes are more than {}", text.size(), schema["maxLength"].dump()), "shorten it");
    }
  }

  void check_array(const json& array, const json& schema, const std::string& at) {
    if (array.size() < schema.value("minItems", 0u)) {
      report("too_few", at, fmt::format("has {} values, needs {}", array.size(), schema["minItems"].dump()),
             example_hint(schema));
    }
    if (array.size() > schema.value("maxItems", std::string::npos)) {
      report("too_many", at,
             fmt::format("has {} values, may have {}", array.size(), schema["maxItems"].dump()),
             "split the sweep");
    }
    std::set<json> seen;
    for (std::size_t i = 0; i < array.size(); ++i) {
      const std::string here = fmt::format("{}/{}", at, i);
      if (schema.value("uniqueItems", false) && !seen.insert(array[i]).second) {
        report("duplicate", here, shown(array[i]) + " is listed twice", "remove one");
      }
      if (schema.contains("items")) check(array[i], schema["items"], here);
    }
  }

  void check_object(const json& object, const json& schema, const std::string& at) {
    static const json none = json::object();
    const json& properties = schema.contains("properties") ? schema["properties"] : none;
    for (const json& name : schema.value("required", json::array())) {
      if (object.contains(name.get<std::string>())) continue;
      const json& field = properties.value(name.get<std::string>(), json::object());
      report("missing_field", at, "field '" + name.get<std::string>() + "' is missing", example_hint(field));
    }
    for (const auto& [name, value] : object.items()) {
      const std::string here = at + "/" + escape_pointer(name);
      if (properties.contains(name)) check(value, properties[name], here);
      else if (const auto more = schema.find("additionalProperties"); more == schema.end() || *more == true)
        continue;
      else if (more->is_object()) check(value, *more, here);
      else
        report("unknown_field", here, "field '" + name + "' is not known", nearest_field(name, properties));
    }
  }

  static std::string example_hint(const json& schema) {
    if (!schema.is_object() || !schema.contains("examples")) return "see sweep.schema.json";
    return "for example " + shown(schema["examples"].front());
  }

  const json& root_;
};
}  // namespace

Errors validate(const json& document, const json& schema, const json& root) {
  Validator validator(root);
  validator.check(document, schema, "");
  return std::move(validator.errors);
}

}  // namespace sweetspot
