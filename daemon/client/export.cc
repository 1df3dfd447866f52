// `sweetspot export`: a sweep, its runs, all its tables and every utterance, as one JSON document or as
// files.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "daemon/client/collected.h"
#include "daemon/client/run_files.h"
#include "daemon/client/verbs.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct ExportOptions {
  std::string sweep;
  std::string directory;  // empty: standard output
};

std::string json_lines(const json& rows) {
  std::string text;
  for (const json& row : rows) text += dump_json(row) + "\n";
  return text;
}

Outcome write_files(const Settings& settings, Api& api, const json& whole, const fs::path& directory) {
  std::vector<std::pair<std::string, std::string>> files = {
      {"sweep.json", whole.dump(2) + "\n"},
      {"runs.csv", render(table_of(whole.at("runs"), Format::csv), Format::csv)},
      {"runs.jsonl", json_lines(whole.at("runs"))}};
  const std::string sweep = whole.at("sweep").at("id");
  for (const auto& [name, table] : whole.at("tables").items()) {
    files.emplace_back(name + ".jsonl", json_lines(table.at("rows")));
    for (const auto& [format, ending] :
         {std::pair("csv", ".csv"), std::pair("md", ".md"), std::pair("latex", ".tex")}) {
      const auto text =
          api.get_raw(fmt::format("/api/v1/sweeps/{}/tables/{}?format={}", sweep, name, format));
      if (!text) return text.error();
      files.emplace_back(name + ending, text->body);
    }
  }
  for (const auto& [name, text] : files) {
    const Status written = write_file(directory / name, text);
    if (!written) return fail(ExitCode::failed, written.error());
    std::cout << (directory / name).string() << '\n';
  }
  const auto of_runs = write_run_files(api, whole.at("sweep"), whole.at("runs"), directory);
  if (!of_runs) return of_runs.error();
  for (const fs::path& file : *of_runs) std::cout << file.string() << '\n';
  note(settings, fmt::format("{} files of {} written", files.size() + of_runs->size(), sweep));
  if (const auto curves = directory / "tensorboard"; fs::exists(curves))
    note(settings, fmt::format("look at curves: tensorboard --logdir {}", curves.string()));
  return ExitCode::ok;
}

Outcome export_sweep(const Settings& settings, const ExportOptions& options, Api& api) {
  const auto sweep = sweep_id(api, options.sweep);
  if (!sweep) return sweep.error();
  const auto names = table_names(api);
  if (!names) return names.error();
  const auto whole = collect_sweep(api, *sweep, *names);
  if (!whole) return whole.error();
  if (!options.directory.empty()) return write_files(settings, api, *whole, options.directory);
  if (settings.format() == Format::table || settings.format() == Format::json) {
    std::cout << whole->dump(2) << '\n';
  } else {
    std::cout << render(table_of(whole->at("runs"), settings.format()), settings.format());
  }
  return ExitCode::ok;
}

}  // namespace

void add_export(Program& program, SharedSettings settings) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App& verb = program.add_verb(
      {"export",
       "Write a sweep, its runs and its tables: one JSON document, or files with every utterance in a folder",
       {"sweetspot export last > sweep.json", "sweetspot export sw_3 -o csv > runs.csv",
        "sweetspot export sw_3 --out results"},
       with_api(settings, [=](Api& api) { return export_sweep(*settings, *options, api); })});
  verb.add_option("SWEEP", options->sweep, "Id of a sweep, or `last`")->required();
  verb.add_option("--out", options->directory,
                  "Write here sweep.json, runs and utterances as .jsonl and .csv, each table as .csv, .jsonl, "
                  ".md and .tex, and for other tools nemo/ (manifests with pred_text), trn/ (sclite) and "
                  "tensorboard/ (curves and settings)")
      ->type_name("DIR");
}

}  // namespace sweetspot::daemon
