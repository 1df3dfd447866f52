// `sweetspot tables`: WER, sweet spots and whatever else the daemon computes.
#include "daemon/client/tables.h"

#include <fmt/format.h>

#include <iostream>
#include <map>
#include <set>

#include "daemon/client/verbs.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

struct TableOptions {
  std::string sweep, name;
};

void print_table(const json& document) {
  const json& rows = document.at("rows");
  const bool is_wer = document.at("name") == "wer";
  std::cout << render(table_of(flatten(is_wer ? pivot_wer(rows) : rows), Format::table), Format::table);
  for (const json& encoder : document.at("summary").value("encoders", json::array())) {
    std::cout << encoder.value("encoder", "") << ": " << encoder.value("text", "") << '\n';
  }
  std::cout << std::flush;
}

Outcome tables(const Settings& settings, const TableOptions& options, Api& api) {
  const auto sweep = sweep_id(api, options.sweep);
  if (!sweep) return sweep.error();
  const std::string path = fmt::format("/api/v1/sweeps/{}/tables/{}", *sweep, options.name);
  if (settings.format() != Format::table) {
    const auto text = api.get_raw(with_query(path, {{"format", settings.output}}));
    if (!text) return text.error();
    std::cout << text->body << (text->body.ends_with('\n') ? "" : "\n") << std::flush;
    return ExitCode::ok;
  }
  const auto document = api.get(path);
  if (!document) return document.error();
  print_table(*document);
  note(settings, document->value("definition", ""));
  if (const std::size_t missing = document->at("missing").size())
    note(settings, fmt::format("{} cells are not done yet", missing));
  return ExitCode::ok;
}

bool vary(const json& rows, const char* key) {
  std::set<json> values;
  for (const json& row : rows) values.insert(row.value(key, json()));
  return values.size() > 1;
}

}  // namespace

json pivot_wer(const json& rows) {
  const bool seeds = vary(rows, "seed");
  std::map<json, json> lines;  // in order of their keys, which are shown as well
  std::vector<json> order;
  for (const json& row : rows) {
    json key = {{"encoder", row.at("encoder")}, {"layers", row.at("layers")}};
    key["settings"] = row.value("settings", json::object());
    if (seeds) key["seed"] = row.at("seed");
    const auto [line, is_new] = lines.try_emplace(key, key);
    if (is_new) order.push_back(key);
    const std::string column =
        row.at("language").get<std::string>() + (row.at("lora").get<bool>() ? " +LoRA" : "");
    line->second[column] = row.at("wer");
  }
  json pivot = json::array();
  for (const json& key : order) pivot.push_back(lines.at(key));
  return pivot;
}

json flatten(const json& rows) {
  json flat = json::array();
  for (const json& row : rows) {
    json line = json::object();
    for (const auto& [name, value] : row.items()) {
      if (!value.is_object()) line[name] = value;
      if (!value.is_object()) continue;
      for (const auto& [inner, inner_value] : value.items())
        line[name == "settings" ? inner : name + " " + inner] = inner_value;
    }
    flat.push_back(std::move(line));
  }
  return flat;
}

void add_tables(Program& program, SharedSettings settings) {
  auto options = std::make_shared<TableOptions>();
  CLI::App& verb = program.add_verb(
      {"tables",
       "Print a table of a sweep's results",
       {"sweetspot tables last wer", "sweetspot tables sw_3 sweet-spot -o latex > table3.tex"},
       with_api(settings, [=](Api& api) { return tables(*settings, *options, api); })});
  verb.add_option("SWEEP", options->sweep, "Id of a sweep, or `last`")->required();
  verb.add_option("NAME", options->name, "wer, sweet-spot")->required();
}

}  // namespace sweetspot::daemon
