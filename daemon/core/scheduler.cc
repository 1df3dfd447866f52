#include "daemon/core/scheduler.h"

#include <algorithm>

namespace sweetspot::daemon {

namespace {
// A bound on the look ahead keeps a pick cheap in a sweep of 100,000 cells.
constexpr int kLookAhead = 1000;

bool warm_elsewhere(const State& state, const Worker& worker, const std::string& affinity) {
  return std::ranges::any_of(state.workers, [&](const auto& entry) {
    return entry.first != worker.id && entry.second.warm == affinity;
  });
}
}  // namespace

std::optional<RunId> pick_run(const State& state, const Worker& worker) {
  if (state.queue.empty()) return std::nullopt;
  const State::QueueKey& first = *state.queue.begin();
  std::optional<RunId> untouched;
  int looked_at = 0;
  for (const State::QueueKey& key : state.queue) {
    if (key.sweep != first.sweep || ++looked_at > kLookAhead) break;
    const std::string& affinity = state.runs.at(key.run).affinity;
    if (affinity == worker.warm) return key.run;
    if (!untouched && !warm_elsewhere(state, worker, affinity)) untouched = key.run;
  }
  return untouched ? untouched : first.run;
}

}  // namespace sweetspot::daemon
