#include "daemon/http/plan_view.h"

#include <algorithm>
#include <set>

#include "daemon/core/model_size.h"
#include "daemon/core/published_models.h"
#include "daemon/device_memory.h"
#include "daemon/http/problem.h"
#include "daemon/http/views.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

json axes_view(const Grid& grid) {
  std::map<std::string, std::set<json>> axes;
  for (const GridCell& point : grid.cells) {
    const Cell& cell = *point.base;
    axes["encoder"].insert(model_label(cell.encoder));
    axes["layers"].insert(cell.layers);
    axes["language"].insert(cell.language);
    axes["lora"].insert(cell.lora.has_value());
    axes["seed"].insert(point.seed);
    for (const auto& [name, value] : point.settings->items()) axes[name].insert(value);
  }
  return axes;
}

// Parameters of a whole model as far as it is used: an encoder's, or the LLM's.
json models_view(const Plan& plan) {
  json models = json::array();
  for (const auto& [name, model] : plan.models) {
    const auto encoder = plan.encoders.find(name);
    const bool is_encoder = model.role == Role::encoder;
    json parameters;  // null: not known
    if (is_encoder && encoder != plan.encoders.end())
      parameters = encoder_parameters(encoder->second, encoder->second.layers);
    if (!is_encoder && plan.llm) parameters = llm_parameters(*plan.llm);
    models.push_back({{"model", model_label(name)},
                      {"role", is_encoder ? "encoder" : "llm"},
                      {"directory", model.directory.empty() ? json() : json(model.directory)},
                      {"commit", model.commit.empty() ? json() : json(model.commit)},
                      {"parameters", std::move(parameters)}});
  }
  return models;
}

json size_view(const CellSize& size) {
  return {{"encoder", model_label(size.encoder)},
          {"layers", size.layers},
          {"lora", size.lora},
          {"cells", size.cells},
          {"parameters",
           {{"encoder", size.encoder_parameters},
            {"encoder_published", or_null(published_encoder_parameters(size.encoder, size.layers))},
            {"projector", size.projector_parameters},
            {"adapter", size.adapter_parameters},
            {"llm", size.llm_parameters}}},
          {"memory",
           {{"weights", size.memory.weights},
            {"trained", size.memory.trained},
            {"activations", size.memory.activations},
            {"features", size.memory.features},
            {"total", size.memory.total()}}}};
}

json feature_view(const FeatureNeed& need) {
  return {{"encoder", model_label(need.encoder)},
          {"language", need.language},
          {"depths", need.depths},
          {"bytes_an_hour", need.bytes_an_hour},
          {"bytes", or_null(need.bytes)}};
}

// How many of the cells each device can hold.
json devices_view(const std::vector<CellSize>& sizes, const std::vector<std::string>& devices) {
  json rows = json::array();
  const auto memory = device_memory(devices);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    int too_large = 0;
    for (const CellSize& size : sizes)
      if (memory[i] && !fits(size.memory, *memory[i])) too_large += size.cells;
    rows.push_back({{"name", devices[i]},
                    {"memory", or_null(memory[i])},
                    {"too_large", memory[i] && !sizes.empty() ? json(too_large) : json()}});
  }
  return rows;
}

}  // namespace

json plan_view(const Plan& plan, const std::vector<std::string>& devices) {
  json excluded = json::array();
  for (const ExcludedCell& cell : plan.grid.excluded)
    excluded.push_back({{"point", cell.point}, {"rule", cell.rule}});
  const bool gpu = std::ranges::any_of(devices, [](auto& name) { return name.starts_with("cuda"); });
  const Hardware hardware = gpu ? Hardware::gpu : Hardware::cpu;
  const auto sizes = cell_sizes(plan, hardware);
  json size_rows = json::array(), feature_rows = json::array();
  for (const FeatureNeed& need : feature_needs(plan, hardware)) feature_rows.push_back(feature_view(need));
  for (const CellSize& size : sizes) size_rows.push_back(size_view(size));
  return {{"cells", plan.grid.cells.size()},
          {"axes", axes_view(plan.grid)},
          {"models", models_view(plan)},
          {"sizes", std::move(size_rows)},
          {"features", std::move(feature_rows)},
          {"devices", devices_view(sizes, devices)},
          {"excluded", std::move(excluded)},
          {"errors", to_json(plan.grid.errors)},
          {"missing", to_json(plan.missing)}};
}

}  // namespace sweetspot::daemon
