// `sweetspot export`: a sweep, its runs and all its tables, as one JSON document or as files in a folder.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "daemon/client/verbs.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct ExportOptions {
  std::string sweep;
  std::string directory;  // empty: standard output
};

constexpr std::string_view kTablesPath = "/api/v1/sweeps/{sweep}/tables/";

// The tables this daemon has, as its own description says.
Result<std::vector<std::string>, Failure> table_names(Api& api) {
  const auto description = api.get("/api/openapi.json");
  if (!description) return description.error();
  std::vector<std::string> names;
  for (const auto& [path, operations] : description->at("paths").items()) {
    if (path.starts_with(kTablesPath)) names.push_back(path.substr(kTablesPath.size()));
  }
  return names;
}

Result<json, Failure> collect(Api& api, const std::string& sweep, const std::vector<std::string>& names) {
  auto document = api.get("/api/v1/sweeps/" + sweep);
  if (!document) return document.error();
  auto runs = api.get_all("/api/v1/runs", {{"sweep", sweep}});
  if (!runs) return runs.error();
  json tables = json::object();
  for (const std::string& name : names) {
    auto table = api.get(fmt::format("/api/v1/sweeps/{}/tables/{}", sweep, name));
    if (!table) return table.error();
    tables[name] = std::move(*table);
  }
  return json{{"sweep", std::move(*document)}, {"runs", std::move(*runs)}, {"tables", std::move(tables)}};
}

Status write_file(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (stream) return success();
  return Error{"not_written", fmt::format("{} could not be written", file.string()),
               "give --out a directory that you may write to and that has space", ""};
}

Outcome write_files(const Settings& settings, Api& api, const json& whole, const fs::path& directory) {
  std::error_code refused;
  fs::create_directories(directory, refused);
  std::vector<std::pair<std::string, std::string>> files = {
      {"sweep.json", whole.dump(2) + "\n"},
      {"runs.csv", render(table_of(whole.at("runs"), Format::csv), Format::csv)}};
  const std::string sweep = whole.at("sweep").at("id");
  for (const auto& [name, table] : whole.at("tables").items()) {
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
  note(settings, fmt::format("{} files of {} written", files.size(), sweep));
  return ExitCode::ok;
}

Outcome export_sweep(const Settings& settings, const ExportOptions& options, Api& api) {
  const auto sweep = sweep_id(api, options.sweep);
  if (!sweep) return sweep.error();
  const auto names = table_names(api);
  if (!names) return names.error();
  const auto whole = collect(api, *sweep, *names);
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
       "Write a sweep, its runs and its tables: one JSON document, or files in a folder",
       {"sweetspot export last > sweep.json", "sweetspot export sw_3 -o csv > runs.csv",
        "sweetspot export sw_3 --out results"},
       with_api(settings, [=](Api& api) { return export_sweep(*settings, *options, api); })});
  verb.add_option("SWEEP", options->sweep, "Id of a sweep, or `last`")->required();
  verb.add_option("--out", options->directory,
                  "Write sweep.json, runs.csv and each table as .csv, .md and .tex here")
      ->type_name("DIR");
}

}  // namespace sweetspot::daemon
