// `sweetspot report`: a sweep as one HTML file that needs nothing else.
#include <fmt/format.h>

#include <array>
#include <fstream>
#include <iostream>
#include <set>

#include "daemon/client/collected.h"
#include "daemon/client/html.h"
#include "daemon/client/verbs.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

struct ReportOptions {
  std::string sweep, file;
};

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f}"
    "table{border-collapse:collapse;font-size:.875rem}th,td{padding:.25rem "
    ".6rem;text-align:left;border-bottom:1px "
    "solid "
    "#ddd}.n{text-align:right;font-variant-numeric:tabular-nums}.scroll{overflow-x:auto}.faint{color:#5c5c66}"
    "svg{max-width:44rem;font-size:12px}.grid{stroke:#ddd}pre{overflow-x:auto;background:#f5f5f7;padding:"
    "1rem}";

// In the order in which the paper has them.
constexpr std::array kTables = {"sweet-spot",  "wer",      "reduction", "degradation",
                                "word-errors", "patterns", "datasets"};

std::string paragraph(const std::string& text, const char* kind = "") {
  return fmt::format("<p{}>{}</p>\n", kind, html_escaped(text));
}

std::string section(const json& table) {
  std::string html = fmt::format("<h2>{}</h2>\n", html_escaped(table.at("name").get<std::string>()));
  for (const json& encoder : table.at("summary").value("encoders", json::array()))
    html += paragraph(encoder.at("text"));
  if (table.at("summary").contains("text")) html += paragraph(table.at("summary").at("text"));
  html += html_table(table);
  html += paragraph(table.at("definition"), " class=faint");
  for (const json& remark : table.at("notes")) html += paragraph(remark, " class=faint");
  if (const std::size_t missing = table.at("missing").size())
    html += paragraph(fmt::format("{} cells are not done.", missing), " class=faint");
  return html;
}

std::string charts(const json& rows) {
  std::set<std::string> languages;
  for (const json& row : rows) languages.insert(row.at("language"));
  std::string html;
  for (const std::string& language : languages) html += wer_chart(rows, language);
  return html;
}

// WER against each of the costs that somebody may care for.
std::string fronts(const json& points) {
  std::string html;
  for (const ParetoAxis& axis : kParetoAxes) html += pareto_chart(points, axis);
  return html;
}

// The identity of each run, so that a reader can tell whether another one is the same.
std::string hashes(const json& runs) {
  const json columns = {{{"key", "id"}, {"title", "Run"}, {"kind", "text"}},
                        {{"key", "cell_hash"}, {"title", "SHA-256 of its cell"}, {"kind", "text"}},
                        {{"key", "result_sha256"}, {"title", "SHA-256 of its utterances"}, {"kind", "text"}},
                        {{"key", "build"}, {"title", "Built as"}, {"kind", "text"}}};
  return html_table({{"columns", columns}, {"rows", runs}});
}

Result<std::string, Failure> page(Api& api, const std::string& sweep) {
  const auto names = table_names(api);
  if (!names) return names.error();
  const auto whole = collect_sweep(api, sweep, *names);
  if (!whole) return whole.error();
  const auto version = api.get("/api/v1/version");
  if (!version) return version.error();
  const json &document = whole->at("sweep"), &tables = whole->at("tables");
  const std::string name = html_escaped(document.at("name").get<std::string>());
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
      "<title>{0}</title><style>{1}</style>\n<h1>{0}</h1>\n",
      name, kStyle);
  html += paragraph(fmt::format("{}, submitted {}, {}.", document.at("id").get<std::string>(),
                                document.at("created_at").get<std::string>(),
                                document.at("state").get<std::string>()));
  if (!document.at("source").is_null())
    html += paragraph(fmt::format("Imported: {}", document.at("source").get<std::string>()));
  for (const char* table : kTables) {
    if (!tables.contains(table)) continue;
    html += section(tables.at(table));
    if (table == std::string_view("wer")) html += charts(tables.at(table).at("rows"));
    if (table == std::string_view("sweet-spot")) html += fronts(tables.at(table).at("summary").at("pareto"));
  }
  html += fmt::format("<h2>Configuration</h2>\n<pre>{}</pre>\n", html_escaped(document.at("spec").dump(2)));
  html += fmt::format("<h2>Runs</h2>\n{}", hashes(whole->at("runs")));
  return html +
         paragraph(fmt::format("Made by sweetspot {} {}, database version {}.",
                               version->at("version").get<std::string>(),
                               version->at("commit").get<std::string>(), version->at("schema").get<int>()),
                   " class=faint");
}

Outcome report(const Settings& settings, const ReportOptions& options, Api& api) {
  const auto sweep = sweep_id(api, options.sweep);
  if (!sweep) return sweep.error();
  const auto html = page(api, *sweep);
  if (!html) return html.error();
  if (options.file == "-") {
    std::cout << *html << std::flush;
    return ExitCode::ok;
  }
  std::ofstream stream(options.file, std::ios::binary);
  stream << *html;
  stream.close();
  if (!stream)
    return fail(ExitCode::failed, {"not_written", fmt::format("{} could not be written", options.file),
                                   "give -o a file in a directory that you may write to", ""});
  note(settings, fmt::format("{} written", options.file));
  return ExitCode::ok;
}

}  // namespace

void add_report(Program& program, SharedSettings settings) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App& verb =
      program.add_verb({"report",
                        "Write a sweep as one HTML file: tables, plots, configuration, versions and hashes",
                        {"sweetspot report last -o report.html", "sweetspot report sw_3 -o - > report.html"},
                        with_api(settings, [=](Api& api) { return report(*settings, *options, api); })});
  verb.add_option("SWEEP", options->sweep, "Id of a sweep, or `last`")->required();
  verb.add_option("-o,--output", options->file, "The file; - writes to standard output")
      ->required()
      ->type_name("FILE");
}

}  // namespace sweetspot::daemon
