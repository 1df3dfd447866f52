// `sweetspot tables`: WER, sweet spots and whatever else the daemon computes.
#include "daemon/client/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "daemon/client/verbs.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

struct TableOptions {
  std::string sweep, name;
  std::string rule, within, scope, prefer;  // of sweet-spot; empty: the daemon's default
  std::string with;                         // of comparison
  bool absent = false;                      // of sweet-spot: the sweep file that adds what is not there

  Query query() const {
    Query given;
    for (const auto& [key, value] :
         {std::pair("rule", rule), std::pair("within", within), std::pair("scope", scope),
          std::pair("prefer", prefer), std::pair("with", with)})
      if (!value.empty()) given.emplace_back(key, value);
    return given;
  }
};

// Figures with a mark are text, but stand to the right as figures do.
Table wer_table(const json& rows) {
  Table table = table_of(flatten(pivot_wer(rows)), Format::table);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const bool figures = std::all_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
      return row[c] == "-" || row[c].ends_with(" %") || row[c].ends_with(kNotSignificant);
    });
    if (figures) table.columns[c].align = Align::right;
  }
  return table;
}

bool any_insignificant(const json& rows) {
  return std::any_of(rows.begin(), rows.end(),
                     [](const json& row) { return row.value("significant", json()) == false; });
}

// With what makes an open one decidable.
void print_verdicts(const json& summary) {
  for (const json& encoder : summary.value("encoders", json::array())) {
    std::cout << encoder.value("encoder", "") << ": " << encoder.value("text", "") << '\n';
    if (const json call = encoder.value("call", json()); !call.is_null())
      std::cout << fmt::format("  queue them again: sweetspot retry {}\n",
                               fmt::join(call.at("body").at("runs").get<std::vector<std::string>>(), " "));
  }
  for (const json& all : summary.value("overall", json::array())) std::cout << all.value("text", "") << '\n';
  if (!summary.value("absent_call", json()).is_null())
    std::cout
        << "What is not in the sweep: sweetspot tables SWEEP sweet-spot --absent | sweetspot submit -\n";
}

void print_table(const json& document) {
  const json& rows = document.at("rows");
  const bool is_wer = document.at("name") == "wer";
  std::cout << render(is_wer ? wer_table(rows) : table_as_described(document), Format::table);
  if (is_wer && any_insignificant(rows))
    std::cout << "≈ not significantly different from the whole encoder without LoRA (95 %)\n";
  for (const json& remark : document.value("notes", json::array()))
    std::cout << remark.get<std::string>() << '\n';
  if (document.at("summary").contains("text"))
    std::cout << document.at("summary").at("text").get<std::string>() << '\n';
  print_verdicts(document.at("summary"));
  std::cout << std::flush;
}

// The sweep of the cells that an open verdict waits for and this one never had, ready to be submitted.
Outcome print_absent(const json& document) {
  const json call = document.at("summary").value("absent_call", json());
  if (call.is_null())
    return fail(ExitCode::failed,
                {"nothing_absent", "no verdict waits for cells that the sweep does not have",
                 "--absent is for sweet-spot, of own sweeps whose verdict is open", ""});
  std::cout << call.at("body").dump(2) << std::endl;
  return ExitCode::ok;
}

// Of a definition, which tells of one column after another.
std::string a_sentence_a_line(std::string text) {
  for (std::size_t end = 0; (end = text.find(". ", end)) != text.npos;) text[++end] = '\n';
  return text;
}

Outcome tables(const Settings& settings, const TableOptions& options, Api& api) {
  const auto sweep = sweep_id(api, options.sweep);
  if (!sweep) return sweep.error();
  const std::string path = fmt::format("/api/v1/sweeps/{}/tables/{}", *sweep, options.name);
  if (settings.format() != Format::table && !options.absent) {
    Query query = options.query();
    query.emplace_back("format", settings.output);
    const auto text = api.get_raw(with_query(path, query));
    if (!text) return text.error();
    std::cout << text->body << (text->body.ends_with('\n') ? "" : "\n") << std::flush;
    return ExitCode::ok;
  }
  const auto document = api.get(with_query(path, options.query()));
  if (!document) return document.error();
  if (options.absent) return print_absent(*document);
  print_table(*document);
  note(settings, a_sentence_a_line(document->value("definition", "")));
  if (const std::size_t missing = document->at("missing").size())
    note(settings, fmt::format("{} cells are not done yet", missing));
  return ExitCode::ok;
}

// "wer.da" reaches into an object.
json at_path(const json& row, const std::string& key) {
  const auto dot = key.find('.');
  if (dot == key.npos) return row.value(key, json());
  return row.value(key.substr(0, dot), json::object()).value(key.substr(dot + 1), json());
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
    const bool by_chance = row.value("significant", json()) == false;
    line->second[column] =
        by_chance ? json(show(row.at("wer"), Format::table) + kNotSignificant) : row.at("wer");
  }
  json pivot = json::array();
  for (const json& key : order) pivot.push_back(lines.at(key));
  return pivot;
}

Table table_as_described(const json& document) {
  const json& rows = document.at("rows");
  if (!document.contains("columns")) return table_of(flatten(rows), Format::table);
  Table table;
  table.rows.resize(rows.size());
  for (const json& column : document.at("columns")) {
    std::vector<json> values;
    for (const json& row : rows) values.push_back(at_path(row, column.at("key")));
    if (std::all_of(values.begin(), values.end(), [](const json& value) { return value.is_null(); }))
      continue;
    table.columns.push_back({column.at("title"), column.at("kind") == "text" ? Align::left : Align::right});
    for (std::size_t i = 0; i < rows.size(); ++i)
      table.rows[i].push_back(column.at("kind") == "decimal" && values[i].is_number()
                                  ? fmt::format("{:.2f}", values[i].get<double>())
                                  : show(values[i], Format::table));
  }
  return table;
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
  verb.add_option("NAME", options->name,
                  "datasets, wer, sweet-spot, degradation, reduction, patterns, word-errors, comparison")
      ->required();
  verb.add_option("--rule", options->rule, "Of sweet-spot: paper, or within (near the best)")
      ->type_name("RULE");
  verb.add_option("--within", options->within, "Of sweet-spot: how near, as a ratio such as 0.02")
      ->type_name("RATIO");
  verb.add_option("--scope", options->scope,
                  "Of sweet-spot: language (in every one) or macro (on their mean)")
      ->type_name("SCOPE");
  verb.add_option("--prefer", options->prefer,
                  "Of sweet-spot: the fewest layers or params, or the best speed")
      ->type_name("WHAT");
  verb.add_flag(
      "--absent", options->absent,
      "Of sweet-spot: print the sweep file of the cells that a verdict waits for and the sweep lacks");
  verb.add_option("--with", options->with, "Of comparison: the other sweep")->type_name("SWEEP");
}

}  // namespace sweetspot::daemon
