// `sweetspot plan`: what a sweep would run, and what is missing here to run it. Stores nothing.
#include <fmt/format.h>

#include <iostream>

#include "daemon/cached_models.h"
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

std::string count_or_dash(const json& count) {
  return count.is_number_integer() ? with_thousands(count.get<std::int64_t>()) : "-";
}

std::string gigabytes(const json& bytes) {
  return bytes.is_number() ? fmt::format("{:.1f} GB", bytes.get<double>() / 1e9) : "-";
}

Table models_table(const json& plan) {
  Table table{{{"model"}, {"role"}, {"parameters", Align::right}, {"commit"}, {"here"}}, {}};
  for (const json& model : plan.at("models")) {
    const std::string commit = model["commit"].is_string() ? model["commit"].get<std::string>() : "-";
    table.rows.push_back({model["model"], model["role"], count_or_dash(model["parameters"]),
                          commit.substr(0, 12), model["directory"].is_null() ? "no" : "yes"});
  }
  return table;
}

// One row for cells that need the same: what of them is trained, and what memory they need.
Table sizes_table(const json& plan) {
  Table table{{{"encoder"},
               {"layers", Align::right},
               {"parameters", Align::right},
               {"published", Align::right},
               {"projector", Align::right},
               {"adapter", Align::right},
               {"memory", Align::right},
               {"cells", Align::right}},
              {}};
  for (const json& size : plan.at("sizes")) {
    const json& parameters = size["parameters"];
    table.rows.push_back({size["encoder"], std::to_string(size["layers"].get<int>()),
                          count_or_dash(parameters["encoder"]),
                          count_or_dash(parameters["encoder_published"]),
                          count_or_dash(parameters["projector"]), count_or_dash(parameters["adapter"]),
                          gigabytes(size["memory"]["total"]), std::to_string(size["cells"].get<int>())});
  }
  return table;
}

// What devices have, and which cells are too large for them: an estimate, so that it forbids nothing.
void note_memory(const Settings& settings, const json& plan) {
  for (const json& device : plan.at("devices")) {
    const bool too_large = device["too_large"].is_number() && device["too_large"] > 0;
    note(settings,
         fmt::format("{}: {} of memory{}", device["name"].get<std::string>(), gigabytes(device["memory"]),
                     too_large ? fmt::format("; {} cells may not fit: lower train.batch, eval.batch or "
                                             "filter_seconds",
                                             device["too_large"].get<int>())
                               : std::string()));
  }
}

// What the features of an hour of speech take on disk, all depths together.
void note_features(const Settings& settings, const json& plan) {
  for (const json& need : plan.value("features", json::array()))
    note(settings,
         fmt::format(
             "features of {} at {} depths, {}: {} an hour of speech on disk{}",
             need["encoder"].get<std::string>(), need["depths"].get<int>(),
             need["language"].get<std::string>(), gigabytes(need["bytes_an_hour"]),
             need["bytes"].is_null() ? "" : ", " + gigabytes(need["bytes"]) + " for the training split"));
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
  if (settings.format() != Format::json && settings.format() != Format::csv) {
    std::cout << '\n' << render(models_table(*plan), settings.format());
    if (!plan->at("sizes").empty()) std::cout << '\n' << render(sizes_table(*plan), settings.format());
  }
  note_memory(settings, *plan);
  note_features(settings, *plan);
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
