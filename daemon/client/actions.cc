// `sweetspot pause|resume|cancel|retry`: what people do to sweeps and runs.
#include <fmt/format.h>

#include "daemon/client/verbs.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

struct ActionOptions {
  std::string action;
  std::vector<std::string> ids, states;
  bool from_scratch = false;
};

// One answer for a sweep and for a run: the outcomes, run by run.
Result<json, Failure> act_on(const ActionOptions& options, const std::string& wanted, Api& api) {
  if (wanted.starts_with("run_")) {
    const auto outcome = api.post(fmt::format("/api/v1/runs/{}/actions/{}", wanted, options.action),
                                  options.from_scratch ? json{{"from_scratch", true}} : json());
    if (!outcome) return outcome.error();
    return json::array({*outcome});
  }
  const auto sweep = sweep_id(api, wanted);
  if (!sweep) return sweep.error();
  json selection;
  if (!options.states.empty()) selection["states"] = options.states;
  if (options.from_scratch) selection["from_scratch"] = true;
  const auto outcome =
      api.post(fmt::format("/api/v1/sweeps/{}/actions/{}", *sweep, options.action), selection);
  if (!outcome) return outcome.error();
  return outcome->at("outcomes");
}

Outcome act(const Settings& settings, const ActionOptions& options, Api& api) {
  const bool sweeps_only = options.action == "pause" || options.action == "resume";
  json outcomes = json::array();
  for (const std::string& id : options.ids) {
    if (sweeps_only && id.starts_with("run_")) {
      return fail(ExitCode::usage,
                  {"run_given", fmt::format("{} is a run, but only a sweep can be {}d", id, options.action),
                   "give the id of its sweep, or `last`", ""});
    }
    auto of_id = act_on(options, id, api);
    if (!of_id) return of_id.error();
    for (json& outcome : *of_id) outcomes.push_back(std::move(outcome));
  }
  std::size_t changed = 0;
  for (const json& outcome : outcomes) changed += outcome.value("changed", false);
  print(settings, outcomes, table_of(outcomes, settings.format(), {"run", "changed", "why_not"}));
  note(settings, fmt::format("{}: {} of {} runs changed", options.action, changed, outcomes.size()));
  return ExitCode::ok;
}

CLI::App& add_action(Program& program, const SharedSettings& settings,
                     const std::shared_ptr<ActionOptions>& options, const std::string& summary,
                     const std::vector<std::string>& examples) {
  CLI::App& verb =
      program.add_verb({options->action, summary, examples,
                        with_api(settings, [=](Api& api) { return act(*settings, *options, api); })});
  verb.add_option("ID", options->ids, "Sweeps (sw_3, or `last`) and runs (run_17)")->required();
  return verb;
}

std::shared_ptr<ActionOptions> action(const char* name) {
  return std::make_shared<ActionOptions>(
      ActionOptions{.action = name, .ids = {}, .states = {}, .from_scratch = false});
}

}  // namespace

void add_actions(Program& program, SharedSettings settings) {
  add_action(program, settings, action("pause"),
             "Give no more runs of a sweep to workers; those running go on", {"sweetspot pause last"});
  add_action(program, settings, action("resume"), "Undo pause", {"sweetspot resume last"});
  add_action(program, settings, action("cancel"), "Cancel a sweep's runs that are not over, or single runs",
             {"sweetspot cancel sw_3", "sweetspot cancel run_17 run_18"});
  const auto retry = action("retry");
  CLI::App& verb =
      add_action(program, settings, retry, "Queue again the runs that failed, were quarantined or cancelled",
                 {"sweetspot retry last", "sweetspot retry sw_3 --state failed", "sweetspot retry run_17"});
  verb.add_flag("--from-scratch", retry->from_scratch,
                "Begin anew: a run goes on from its last checkpoint otherwise");
  verb.add_option("--state", retry->states, "Of a sweep, only runs in these states")
      ->check(CLI::IsMember({"failed", "quarantined", "cancelled"}))
      ->expected(1)
      ->take_all()
      ->type_name("STATE");
}

}  // namespace sweetspot::daemon
