// `sweetspot export`: a sweep, its runs, all its tables and every utterance, as one JSON document or as
// files.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "daemon/client/collected.h"
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

Status write_file(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (stream) return success();
  return Error{"not_written", fmt::format("{} could not be written", file.string()),
               "give --out a directory that you may write to and that has space", ""};
}

// What an utterance is told apart by and what was counted in it: one flat line of utterances.csv.
json flat_utterance(const json& run, const json& sample) {
  json line = {{"run", run.at("id")},    {"encoder", run.at("encoder")},   {"layers", run.at("layers")},
               {"lora", run.at("lora")}, {"language", run.at("language")}, {"seed", run.at("seed")}};
  for (const char* key : {"number", "id", "seconds", "reference", "hypothesis", "alignment"})
    line[key] = sample.at(key);
  line.update(sample.at("words"));
  return line;
}

// Every utterance of every run that has any, as utterances.jsonl and utterances.csv; a run at a time.
Result<std::vector<fs::path>, Failure> write_utterances(Api& api, const json& runs,
                                                        const fs::path& directory) {
  const std::vector<std::string> keys = {"run",      "encoder",       "layers",     "lora",
                                         "language", "seed",          "number",     "id",
                                         "seconds",  "reference",     "hypothesis", "alignment",
                                         "hits",     "substitutions", "deletions",  "insertions"};
  const std::vector<fs::path> files = {directory / "utterances.jsonl", directory / "utterances.csv"};
  std::ofstream lines(files[0], std::ios::binary), table(files[1], std::ios::binary);
  table << render(table_of(json::array(), Format::csv, keys), Format::csv);
  for (const json& run : runs) {
    if (run.at("state") != "succeeded") continue;
    const auto samples =
        api.get_all(fmt::format("/api/v1/runs/{}/samples", run.at("id").get<std::string>()), {});
    if (!samples) return samples.error();
    json flat = json::array();
    for (const json& sample : *samples) flat.push_back(flat_utterance(run, sample));
    for (const json& line : flat) lines << dump_json(line) << '\n';
    const std::string text = render(table_of(flat, Format::csv, keys), Format::csv);
    table << text.substr(text.find('\n') + 1);
  }
  lines.close(), table.close();
  if (lines && table) return files;
  return fail(ExitCode::failed, {"not_written", fmt::format("{} could not be written", files[0].string()),
                                 "give --out a directory that you may write to and that has space", ""});
}

std::string json_lines(const json& rows) {
  std::string text;
  for (const json& row : rows) text += dump_json(row) + "\n";
  return text;
}

Outcome write_files(const Settings& settings, Api& api, const json& whole, const fs::path& directory) {
  std::error_code refused;
  fs::create_directories(directory, refused);
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
  const auto utterances = write_utterances(api, whole.at("runs"), directory);
  if (!utterances) return utterances.error();
  for (const fs::path& file : *utterances) std::cout << file.string() << '\n';
  note(settings, fmt::format("{} files of {} written", files.size() + utterances->size(), sweep));
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
                  "Write sweep.json, runs and utterances as .jsonl and .csv, and each table as .csv, .jsonl, "
                  ".md and .tex here")
      ->type_name("DIR");
}

}  // namespace sweetspot::daemon
