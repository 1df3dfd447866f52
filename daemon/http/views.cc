#include "daemon/http/views.h"

#include <algorithm>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

std::int64_t unfinished(const SweepRow& sweep) {
  std::int64_t left = 0;
  for (RunState state : kRunStates)
    if (!is_terminal(state)) left += sweep.count(state);
  return left;
}

std::string_view state_word(const SweepRow& sweep) {
  if (unfinished(sweep)) return sweep.paused ? "paused" : "running";
  if (sweep.count(RunState::failed) + sweep.count(RunState::quarantined)) return "finished_with_failures";
  return sweep.count(RunState::cancelled) ? "cancelled" : "finished";
}

// What is left at the time that a run has taken so far.
json seconds_left(const SweepRow& sweep, std::int64_t busy_devices) {
  const std::int64_t left = unfinished(sweep);
  if (left == 0) return 0;
  if (!sweep.seconds_a_run) return nullptr;
  const auto devices = double(std::clamp<std::int64_t>(busy_devices, 1, left));
  return *sweep.seconds_a_run * (double(left) - sweep.under_way) / devices;
}

json spent_view(const Timing& timing) {
  json view = sweetspot::to_json(timing);
  view["total"] = timing.total();
  return view;
}

}  // namespace

json to_json(const RunTiming& timing) {
  json view = spent_view(timing.spent.value_or(Timing{}));
  if (!timing.spent)
    for (json& seconds : view) seconds = nullptr;
  view["wait"] = or_null(timing.wait);
  return view;
}

// Seconds that no result tells of belong to attempts that failed, were lost or go on, and to starting
// workers.
json to_json(const SweepTiming& timing) {
  json view = spent_view(timing.spent);
  const double unaccounted = std::max(0.0, timing.device - timing.spent.total());
  view["unaccounted"] = unaccounted;
  view["total"] = timing.spent.total() + unaccounted;
  view["wait"] = timing.wait;
  view["runs"] = timing.runs;
  return view;
}

json to_json(const EditCounts& counts) {
  return {{"hits", counts.hits},
          {"substitutions", counts.substitutions},
          {"deletions", counts.deletions},
          {"insertions", counts.insertions}};
}

json to_json(const RunRow& run) {
  json params;
  if (run.params)
    params = {{"encoder", run.params->encoder},
              {"projector", run.params->projector},
              {"adapter", run.params->adapter},
              {"llm", run.params->llm}};
  return {{"id", to_string(run.id)},
          {"sweep", to_string(run.sweep)},
          {"position", run.position},
          {"state", to_string(run.state)},
          {"reason_code", run.reason_code},
          {"reason", run.reason},
          {"hint", run.hint},
          {"encoder", run.encoder},
          {"layers", run.layers},
          {"language", run.language},
          {"lora", run.lora},
          {"seed", run.seed},
          {"settings", json::parse(run.settings)},
          {"attempt", run.attempt},
          {"device", run.device},
          {"phase", run.phase},
          {"step", run.step},
          {"steps", run.steps},
          {"epoch", run.epoch},
          {"wer", or_null(run.wer)},
          {"val_wer", or_null(run.val_wer)},
          {"started_at", or_null(run.started_at)},
          {"ended_at", or_null(run.ended_at)},
          {"params", params},
          {"imported", run.imported},
          {"note", run.note},
          {"tags", json::parse(run.tags)},
          {"cell_hash", run.cell_hash},
          {"result_sha256", run.result.empty() ? json() : json(run.result)},
          {"resumed", run.resumed.empty() ? json() : json(run.resumed)},
          {"build", run.build.empty() ? json() : json(run.build)}};
}

json to_json(const StoredEvent& event) {
  return {{"seq", event.seq},          {"at", event.at},
          {"type", event.type},        {"sweep", or_null(event.sweep)},
          {"run", or_null(event.run)}, {"data", json::parse(event.data)}};
}

json to_json(const std::vector<RunId>& runs) {
  json list = json::array();
  for (RunId run : runs) list.push_back(to_string(run));
  return list;
}

json to_json(const SweepRow& sweep, std::int64_t busy_devices) {
  json counts = {{"total", sweep.total()}};
  for (RunState state : kRunStates) counts[std::string(to_string(state))] = sweep.count(state);
  json document = {{"id", to_string(sweep.id)},
                   {"name", sweep.name},
                   {"note", sweep.note},
                   {"tags", json::parse(sweep.tags)},
                   {"priority", sweep.priority},
                   {"paused", sweep.paused},
                   {"created_at", sweep.created_at},
                   {"revision", sweep.revision},
                   {"state", state_word(sweep)},
                   {"counts", counts},
                   {"best_wer", or_null(sweep.best_wer)},
                   {"eta_seconds", seconds_left(sweep, busy_devices)},
                   {"source", sweep.source.empty() ? json() : json(sweep.source)}};
  if (!sweep.spec.empty()) document["spec"] = json::parse(sweep.spec, nullptr, true, true);
  return document;
}

}  // namespace sweetspot::daemon
