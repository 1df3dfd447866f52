// `sweetspot submit`: sends a sweep, prints its id, and follows it if asked to.
#include <fmt/format.h>

#include <iostream>

#include "daemon/client/sweep_options.h"
#include "daemon/client/table.h"
#include "daemon/client/verbs.h"
#include "daemon/client/watch.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

struct SubmitOptions {
  SweepSource source;
  bool wait = false, watch = false, reuse = false;
};

// The newest sweep that was submitted with this very document; null when there is none.
Result<json, Failure> find_same(Api& api, const json& document) {
  const auto sweeps = api.get_all("/api/v1/sweeps", {});
  if (!sweeps) return sweeps.error();
  for (const json& sweep : *sweeps) {
    if (sweep.value("name", "") != document.value("name", "")) continue;
    auto whole = api.get("/api/v1/sweeps/" + sweep.at("id").get<std::string>());
    if (whole && whole->value("spec", json()) == document) return whole;
  }
  return json();
}

// Takes up a sweep that was there: its runs that are over without success are queued again.
Result<json, Failure> take_up(const Settings& settings, Api& api, json sweep) {
  const std::string path = "/api/v1/sweeps/" + sweep.at("id").get<std::string>();
  const bool cut_short = sweep.at("state") == "finished_with_failures" || sweep.at("state") == "cancelled";
  if (cut_short) {
    const auto retried = api.post(path + "/actions/retry");
    if (!retried) return retried.error();
  }
  const json& counts = sweep.at("counts");
  note(settings,
       fmt::format("{} is here already: {} of {} runs have succeeded", sweep.at("id").get<std::string>(),
                   counts.at("succeeded").get<int>(), counts.at("total").get<int>()));
  return sweep;
}

Result<json, Failure> find_or_submit(const Settings& settings, Api& api, const json& document, bool reuse) {
  if (reuse) {
    auto same = find_same(api, document);
    if (!same) return same.error();
    if (!same->is_null()) return take_up(settings, api, std::move(*same));
  }
  auto sweep = api.post("/api/v1/sweeps", document);
  if (sweep) {
    note(settings,
         fmt::format("submitted {} as {}: {} runs", printable(sweep->at("name").get<std::string>()),
                     sweep->at("id").get<std::string>(), sweep->at("counts").at("total").get<int>()));
  }
  return sweep;
}

Outcome submit(const Settings& settings, const SubmitOptions& options, Api& api) {
  const auto document = load_sweep(options.source);
  if (!document) return fail(ExitCode::failed, document.error());
  const auto sweep = find_or_submit(settings, api, *document, options.reuse);
  if (!sweep) return sweep.error();
  const std::string id = sweep->at("id").get<std::string>();
  if (settings.format() == Format::json) {
    std::cout << sweep->dump(2) << std::endl;
  } else {
    std::cout << id << std::endl;
  }
  if (!options.wait && !options.watch) {
    note(settings, "follow it: sweetspot watch " + id);
    return ExitCode::ok;
  }
  Settings quiet = settings;
  if (!options.watch) quiet.quiet = 1;
  return watch_sweep(quiet, api, id);
}

}  // namespace

void add_submit(Program& program, SharedSettings settings) {
  auto options = std::make_shared<SubmitOptions>();
  CLI::App& verb = program.add_verb(
      {"submit",
       "Submit a sweep; prints its id",
       {"sweetspot submit examples/first-sweep/sweep.json --watch",
        "sweetspot submit sweep.json --set encoder=models/whisper-base --set corpora.en.path=corpora/digits",
        "sweetspot submit - < sweep.json"},
       with_api(settings, [=](Api& api) { return submit(*settings, *options, api); })});
  add_sweep_options(verb, options->source);
  verb.add_flag("--watch", options->watch,
                "Show progress until it is finished; exit 7 when some runs failed");
  verb.add_flag("--wait", options->wait, "As --watch, but in silence");
  verb.add_flag(
      "--reuse", options->reuse,
      "If the very same sweep was submitted before, take that one up, with its failed runs queued again");
}

}  // namespace sweetspot::daemon
