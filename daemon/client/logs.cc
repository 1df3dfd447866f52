// `sweetspot logs`: what a run's worker wrote, also while it writes.
#include <cstdlib>
#include <iostream>
#include <thread>

#include "daemon/client/verbs.h"
#include "schemas/run_state.h"

namespace sweetspot::daemon {
namespace {

struct LogOptions {
  std::string run;
  int attempt = 0, tail = 0;
  bool follow = false;
};

constexpr std::chrono::seconds kPeriod{1};

Query query_of(const LogOptions& options) {
  Query query;
  if (options.attempt > 0) query.emplace_back("attempt", std::to_string(options.attempt));
  return query;
}

// Prints the log from `offset` to its end; the offset to go on from.
Result<std::string, Failure> print_rest(const std::string& path, const LogOptions& options, Api& api,
                                        std::string offset) {
  while (true) {
    Query query = query_of(options);
    query.emplace_back("offset", offset);
    const auto part = api.get_raw(with_query(path, query));
    if (!part) return part.error();
    if (part->body.empty()) return offset;
    std::cout << part->body << std::flush;
    const auto next = part->headers.find("Next-Offset");
    offset =
        next != part->headers.end() ? next->second : std::to_string(std::stoull(offset) + part->body.size());
  }
}

Result<std::string, Failure> print_tail(const std::string& path, const LogOptions& options, Api& api) {
  Query query = query_of(options);
  query.emplace_back("tail", std::to_string(options.tail));
  const auto part = api.get_raw(with_query(path, query));
  if (!part) return part.error();
  std::cout << part->body << std::flush;
  const auto next = part->headers.find("Next-Offset");
  return next != part->headers.end() ? next->second : std::string("0");
}

Result<RunState, Failure> state_of(Api& api, const std::string& run) {
  const auto document = api.get("/api/v1/runs/" + run);
  if (!document) return document.error();
  return parse_run_state(document->value("state", "")).value_or(RunState::running);
}

Outcome logs(const LogOptions& options, Api& api) {
  const std::string path = "/api/v1/runs/" + options.run + "/log";
  auto offset = options.tail > 0 ? print_tail(path, options, api) : print_rest(path, options, api, "0");
  if (!offset) return offset.error();
  while (options.follow) {
    const auto state =
        state_of(api, options.run);  // asked first, so that nothing written before the end is missed
    if (!state) return state.error();
    offset = print_rest(path, options, api, *offset);
    if (!offset) return offset.error();
    if (is_terminal(*state)) break;
    std::this_thread::sleep_for(kPeriod);
  }
  return ExitCode::ok;
}

}  // namespace

void add_logs(Program& program, SharedSettings settings) {
  auto options = std::make_shared<LogOptions>();
  CLI::App& verb = program.add_verb({"logs",
                                     "Print a run's log",
                                     {"sweetspot logs run_17 --follow", "sweetspot logs run_17 --tail 50"},
                                     with_api(settings, [=](Api& api) { return logs(*options, api); })});
  verb.add_option("RUN", options->run, "Id of the run")->required();
  verb.add_option("--attempt", options->attempt, "Of this try; default: the newest")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  verb.add_option("--tail", options->tail, "Only the last lines")
      ->check(CLI::Range(1, 10000))
      ->type_name("LINES");
  verb.add_flag("-f,--follow", options->follow, "Go on until the run is over");
}

}  // namespace sweetspot::daemon
