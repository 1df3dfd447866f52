// `sweetspot runs`: runs, filtered; with --timing, where their time went.
#include <fmt/format.h>

#include <cmath>

#include "daemon/client/verbs.h"
#include "schemas/run_state.h"

namespace sweetspot::daemon {
namespace {

struct RunFilters {
  std::string sweep, lora, sort = "position";
  std::vector<std::string> states, encoders, layers, languages, seeds;
  bool timing = false;
};

const std::vector<std::string> kColumns = {"id",       "sweep",  "state",       "encoder", "layers",
                                           "language", "lora",   "seed",        "epoch",   "val_wer",
                                           "wer",      "device", "reason_code", "resumed"};

const std::vector<std::string> kTimedColumns = {"id",       "state", "encoder", "layers",
                                                "language", "lora",  "seed"};
const std::vector<std::string> kTimes = {"wait", "audio", "encode", "train", "validate",
                                         "test", "other", "total",  "saved"};

std::string show_seconds(const nlohmann::json& seconds, Format format) {
  return seconds.is_number() && format != Format::csv ? fmt::format("{:.1f} s", seconds.get<double>())
                                                      : show(seconds, format);
}

// Runs with their times and, for people, the sums.
Table timing_table(const nlohmann::json& runs, Format format) {
  Table table = table_of(runs, format, kTimedColumns);
  std::vector<std::string> sums(table.columns.size());
  sums.front() = "total";
  for (const std::string& time : kTimes) {
    table.columns.push_back({time, Align::right});
    nlohmann::json sum;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const nlohmann::json& seconds = runs[i].at("timing").at(time);
      if (seconds.is_number())
        sum = sum.is_null() ? seconds : nlohmann::json(sum.get<double>() + seconds.get<double>());
      table.rows[i].push_back(show_seconds(seconds, format));
    }
    sums.push_back(show_seconds(sum, format));
  }
  if (format != Format::csv) table.rows.push_back(std::move(sums));
  return table;
}

// What the rows do not say of the sweep as a whole.
Result<std::string, Failure> sentence_of_sweep(Api& api, const std::string& sweep) {
  const auto timing = api.get("/api/v1/sweeps/" + sweep + "/timing");
  if (!timing) return timing.error();
  const auto seconds = [&](const char* time) { return show_seconds(timing->at(time), Format::table); };
  const std::string sentence = fmt::format(
      "{}: {} of devices, {} of them in no result: attempts that failed, were lost or go on, and starting "
      "workers.",
      sweep, seconds("total"), seconds("unaccounted"));
  if (timing->at("saved").is_null()) return sentence;
  const double saved = timing->at("saved").get<double>();
  return fmt::format("{} Sharing features {} about {:.1f} s.", sentence, saved < 0 ? "cost" : "saved",
                     std::abs(saved));
}

Query query_of(const RunFilters& filters, const std::string& sweep) {
  Query query = {{"sort", filters.sort}};
  if (filters.timing) query.emplace_back("timing", "true");
  if (!sweep.empty()) query.emplace_back("sweep", sweep);
  if (!filters.lora.empty()) query.emplace_back("lora", filters.lora == "on" ? "true" : "false");
  const auto add = [&](const char* name, const std::vector<std::string>& values) {
    for (const std::string& value : values) query.emplace_back(name, value);
  };
  add("state", filters.states);
  add("encoder", filters.encoders);
  add("layers", filters.layers);
  add("language", filters.languages);
  add("seed", filters.seeds);
  return query;
}

Outcome list_runs(const Settings& settings, const RunFilters& filters, Api& api) {
  const auto sweep = sweep_id(api, filters.sweep);
  if (!sweep) return sweep.error();
  const auto runs = api.get_all("/api/v1/runs", query_of(filters, *sweep));
  if (!runs) return runs.error();
  if (!filters.timing) {
    print(settings, *runs, table_of(*runs, settings.format(), kColumns));
    return ExitCode::ok;
  }
  print(settings, *runs, timing_table(*runs, settings.format()));
  if (sweep->empty()) return ExitCode::ok;
  const auto sentence = sentence_of_sweep(api, *sweep);
  if (!sentence) return sentence.error();
  note(settings, *sentence);
  return ExitCode::ok;
}

std::vector<std::string> state_names() {
  std::vector<std::string> names;
  for (const RunState state : kRunStates) names.emplace_back(to_string(state));
  return names;
}

}  // namespace

void add_runs(Program& program, SharedSettings settings) {
  auto filters = std::make_shared<RunFilters>();
  CLI::App& verb = program.add_verb(
      {"runs",
       "List runs",
       {"sweetspot runs --sweep last --sort wer", "sweetspot runs --state failed --state quarantined",
        "sweetspot runs --sweep last --timing"},
       with_api(settings, [=](Api& api) { return list_runs(*settings, *filters, api); })});
  verb.add_option("--sweep", filters->sweep, "Of this sweep; `last` is the newest")->type_name("SWEEP");
  verb.add_option("--state", filters->states, "In one of these states")
      ->check(CLI::IsMember(state_names()))
      ->type_name("STATE");
  verb.add_option("--encoder", filters->encoders, "With one of these encoders")->type_name("NAME");
  verb.add_option("--layers", filters->layers, "With one of these depths")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  verb.add_option("--language", filters->languages, "In one of these languages")->type_name("CODE");
  verb.add_option("--lora", filters->lora, "With or without LoRA")
      ->check(CLI::IsMember({"on", "off"}))
      ->type_name("on|off");
  verb.add_option("--seed", filters->seeds, "With one of these seeds")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  verb.add_flag("--timing", filters->timing, "Show where their time went, in seconds of a device");
  verb.add_option("--sort", filters->sort,
                  "position, id, wer, val_wer, layers, started_at or ended_at; -wer descends")
      ->type_name("FIELD")
      ->capture_default_str();
}

}  // namespace sweetspot::daemon
