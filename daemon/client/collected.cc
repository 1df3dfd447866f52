#include "daemon/client/collected.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

constexpr std::string_view kTablesPath = "/api/v1/sweeps/{sweep}/tables/";

bool needs_more(const json& operation) {
  const json parameters = operation.value("parameters", json::array());
  return std::any_of(parameters.begin(), parameters.end(), [](const json& parameter) {
    return parameter.value("in", "") == "query" && parameter.value("required", false);
  });
}

}  // namespace

Result<std::vector<std::string>, Failure> table_names(Api& api) {
  const auto description = api.get("/api/openapi.json");
  if (!description) return description.error();
  std::vector<std::string> names;
  for (const auto& [path, operations] : description->at("paths").items())
    if (path.starts_with(kTablesPath) && !needs_more(operations.value("get", json::object())))
      names.push_back(path.substr(kTablesPath.size()));
  return names;
}

Result<json, Failure> collect_sweep(Api& api, const std::string& sweep,
                                    const std::vector<std::string>& tables) {
  auto document = api.get(fmt::format("/api/v1/sweeps/{}", sweep));
  if (!document) return document.error();
  auto runs = api.get_all("/api/v1/runs", {{"sweep", sweep}});
  if (!runs) return runs.error();
  json answers = json::object();
  for (const std::string& name : tables) {
    auto table = api.get(fmt::format("/api/v1/sweeps/{}/tables/{}", sweep, name));
    if (!table) return table.error();
    answers[name] = std::move(*table);
  }
  return json{{"sweep", std::move(*document)}, {"runs", std::move(*runs)}, {"tables", std::move(answers)}};
}

}  // namespace sweetspot::daemon
