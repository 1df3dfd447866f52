#include "daemon/http/spot_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "schemas/cell.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// The values of a cell on the axes of its sweep file, where encoders may be written as paths.
json point_of(const json& cell, const json& encoders) {
  json point = cell.at("settings");
  for (const char* axis : {"layers", "language", "lora", "seed"}) point[axis] = cell.at(axis);
  point["encoder"] = cell.at("encoder");
  for (const json& encoder : encoders)
    if (model_label(encoder.get<std::string>()) == cell.at("encoder")) point["encoder"] = encoder;
  return point;
}

// The values that these points have on each axis.
json axes_of(const std::vector<json>& points) {
  std::map<std::string, std::set<json>> values;
  for (const json& point : points)
    for (const auto& [axis, value] : point.items()) values[axis].insert(value);
  return values;
}

// All combinations of the axes' values.
std::vector<json> product_of(const json& axes) {
  std::vector<json> points = {json::object()};
  for (const auto& [axis, values] : axes.items()) {
    std::vector<json> longer;
    for (const json& point : points)
      for (const json& value : values) (longer.emplace_back(point))[axis] = value;
    points = std::move(longer);
  }
  return points;
}

// Settings of LoRA say nothing of a cell without it.
json known_as(json point) {
  if (!point.at("lora").get<bool>())
    std::erase_if(point.get_ref<json::object_t&>(),
                  [](const auto& entry) { return entry.first.starts_with("lora."); });
  return point;
}

// Rules that leave nothing but these points of the grid. Depths that one of the encoders does not want at all
// go by a rule of encoder and layers, which holds for depths that it does not have as well.
json exclusions(const json& axes, const std::vector<json>& points) {
  const std::set<json> wanted(points.begin(), points.end());
  const auto depth_of = [](const json& point) {
    return json{{"encoder", point.at("encoder")}, {"layers", point.at("layers")}};
  };
  std::set<json> depths, rules;
  for (const json& point : points) depths.insert(depth_of(point));
  for (const json& point : product_of(axes)) {
    if (!depths.contains(depth_of(point))) rules.insert(depth_of(point));
    else if (!wanted.contains(known_as(point))) rules.insert(point);
  }
  return rules;
}

}  // namespace

json call_for_needs(SweepId sweep, const json& needs) {
  json runs = json::array();
  for (const json& cell : needs) {
    const RunState state = *parse_run_state(cell.at("state").get<std::string>());
    if (is_terminal(state) && state != RunState::succeeded) runs.push_back(cell.at("run"));
  }
  if (runs.empty()) return nullptr;
  return {{"method", "POST"},
          {"path", fmt::format("/api/v1/sweeps/{}/actions/retry", to_string(sweep))},
          {"body", {{"runs", std::move(runs)}}}};
}

json call_for_absent(const SweepRow& sweep, const json& absent) {
  const auto file = parse_json(sweep.spec);
  if (absent.empty() || !sweep.source.empty() || !file) return nullptr;
  json body = *file;
  std::vector<json> points;
  for (const json& cell : absent) points.push_back(point_of(cell, body.at("axes").at("encoder")));
  body["name"] = sweep.name.substr(0, 100) + ": absent cells";
  body["axes"] = axes_of(points);
  body["exclude"] = exclusions(body["axes"], points);
  return {{"method", "POST"}, {"path", "/api/v1/sweeps"}, {"body", std::move(body)}};
}

}  // namespace sweetspot::daemon
