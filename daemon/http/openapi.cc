#include "daemon/http/openapi.h"

#include <nlohmann/json.hpp>

#include "schemas/sweep.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// Points "#/$defs/corpus" at "#/components/schemas/SweepFile-corpus".
void move_references(json& node) {
  if (node.is_object() && node.contains("$ref") && node["$ref"].is_string()) {
    constexpr std::string_view kFrom = "#/$defs/";
    std::string& target = node["$ref"].get_ref<std::string&>();
    if (target.starts_with(kFrom)) target.replace(0, kFrom.size(), "#/components/schemas/SweepFile-");
  }
  if (node.is_structured())
    for (json& child : node) move_references(child);
}

json with_sweep_schema(json openapi) {
  json sweep = sweep_schema();
  move_references(sweep);
  json& components = openapi["components"]["schemas"];
  for (const auto& [name, definition] : sweep["$defs"].items()) components["SweepFile-" + name] = definition;
  for (const char* key : {"$defs", "$schema", "$id"}) sweep.erase(key);
  components["SweepFile"] = std::move(sweep);
  return openapi;
}

}  // namespace

const std::string& served_openapi() {
  static const std::string text = with_sweep_schema(json::parse(kOpenapi)).dump(1);
  return text;
}

}  // namespace sweetspot::daemon
