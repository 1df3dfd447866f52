// `sweetspot plan`: what a sweep would run, and what is missing here to run it. Stores nothing.
#include <fmt/format.h>

#include "daemon/client/sweep_options.h"
#include "daemon/client/verbs.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

std::string values_of(const json& axis) {
  std::string text;
  for (const json& value : axis) {
    if (!text.empty()) text += ", ";
    text += value.is_string() ? value.get<std::string>() : value.dump();
  }
  return text;
}

Table axes_table(const json& plan) {
  Table table{{{"axis"}, {"values", Align::right}, {"which"}}, {}};
  for (const auto& [name, values] : plan.at("axes").items()) {
    table.rows.push_back({name, std::to_string(values.size()), values_of(values)});
  }
  return table;
}

void note_problems(const Settings& settings, const json& problems, const std::string& what) {
  for (const json& problem : problems) {
    note(settings,
         fmt::format("{}: {}\n  at: {}\n  hint: {}", what, problem.value("detail", ""),
                     without_fragment_sign(problem.value("pointer", "")), problem.value("hint", "")));
  }
}

Outcome plan(const Settings& settings, const SweepSource& source, Api& api) {
  const auto sweep = load_sweep(source);
  if (!sweep) return fail(ExitCode::failed, sweep.error());
  const auto plan = api.post("/api/v1/sweeps?dry_run=1", *sweep);
  if (!plan) return plan.error();
  print(settings, *plan, axes_table(*plan));
  note_problems(settings, plan->at("errors"), "impossible");
  note_problems(settings, plan->at("missing"), "missing");
  const bool ready = plan->at("errors").empty() && plan->at("missing").empty();
  note(settings,
       fmt::format("{} cells, {} left out by `exclude`. {}", plan->at("cells").get<int>(),
                   plan->at("excluded").size(),
                   ready ? "Run them: sweetspot submit " + source.file : "A submit would be refused."));
  return ExitCode::ok;
}

}  // namespace

void add_plan(Program& program, SharedSettings settings) {
  auto source = std::make_shared<SweepSource>();
  CLI::App& verb =
      program.add_verb({"plan",
                        "Show what a sweep would run and what is missing for it",
                        {"sweetspot plan examples/paper/sweep.json",
                         "sweetspot plan sweep.json --set corpora.da.path=~/corpora/cv-22/da"},
                        with_api(settings, [=](Api& api) { return plan(*settings, *source, api); })});
  add_sweep_options(verb, *source);
}

}  // namespace sweetspot::daemon
