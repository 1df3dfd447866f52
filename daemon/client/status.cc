// `sweetspot status`: the sweeps, or one of them.
#include <fmt/format.h>

#include "daemon/client/progress.h"
#include "daemon/client/verbs.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

std::string state_of(const json& sweep) {
  const bool imported = !sweep.value("source", json()).is_null();
  return fmt::format("{}{}", sweep.at("state").get<std::string>(), imported ? ", imported" : "");
}

Table sweeps_table(const json& sweeps, Format format) {
  Table table{{{"id"},
               {"name"},
               {"state"},
               {"done", Align::right},
               {"failed", Align::right},
               {"running", Align::right},
               {"best WER", Align::right},
               {"left", Align::right}},
              {}};
  for (const json& sweep : sweeps) {
    const json& counts = sweep.at("counts");
    const json eta = sweep.value("eta_seconds", json());
    table.rows.push_back(
        {show(sweep.at("id"), format), show(sweep.at("name"), format), state_of(sweep),
         fmt::format("{}/{}", counts.at("succeeded").get<int>(), counts.at("total").get<int>()),
         std::to_string(counts.at("failed").get<int>() + counts.at("quarantined").get<int>()),
         std::to_string(counts.at("leased").get<int>() + counts.at("running").get<int>()),
         show(sweep.at("best_wer"), format),
         eta.is_number() ? show_duration(std::chrono::seconds(eta.get<long>())) : "-"});
  }
  return table;
}

Outcome status(const Settings& settings, const std::string& wanted, Api& api) {
  if (wanted.empty()) {
    const auto sweeps = api.get_all("/api/v1/sweeps", {});
    if (!sweeps) return sweeps.error();
    print(settings, *sweeps, sweeps_table(*sweeps, settings.format()));
    if (sweeps->empty()) note(settings, "no sweep yet: sweetspot submit examples/first-sweep/sweep.json");
    return ExitCode::ok;
  }
  const auto id = sweep_id(api, wanted);
  if (!id) return id.error();
  const auto sweep = api.get("/api/v1/sweeps/" + *id);
  if (!sweep) return sweep.error();
  print(settings, *sweep, sweeps_table(json::array({*sweep}), settings.format()));
  return ExitCode::ok;
}

}  // namespace

void add_status(Program& program, SharedSettings settings) {
  auto sweep = std::make_shared<std::string>();
  CLI::App& verb =
      program.add_verb({"status",
                        "Show all sweeps, or one",
                        {"sweetspot status", "sweetspot status last -o json"},
                        with_api(settings, [=](Api& api) { return status(*settings, *sweep, api); })});
  verb.add_option("SWEEP", *sweep, "Id of a sweep, or `last`; without it: all");
}

}  // namespace sweetspot::daemon
