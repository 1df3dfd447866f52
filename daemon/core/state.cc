#include "daemon/core/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace sweetspot::daemon {

namespace {
// RunStatus lists its alternatives in the order of RunState.
static_assert(std::variant_size_v<RunStatus> == kRunStates.size());

bool may_be_picked(const State& state, const Run& run) {
  return state_of(run.status) == RunState::queued && !state.sweeps.at(run.sweep).paused;
}

bool is_timed(const Run& run) {
  return std::holds_alternative<RetryWait>(run.status) || std::holds_alternative<Orphaned>(run.status);
}

std::string name_of(std::string_view name) { return std::string(name); }
template <class Tag>
std::string name_of(Id<Tag> id) {
  return to_string(id);
}

// Names its subject only when it has to: the simulations check all of this after each of their steps.
template <class Subject>
void require(bool holds, const Subject& subject, std::string_view invariant) {
  if (!holds) throw std::logic_error(fmt::format("invariant broken: {}{}", name_of(subject), invariant));
}
}  // namespace

RunState state_of(const RunStatus& status) { return kRunStates[status.index()]; }

std::optional<WorkerId> holder_of(const RunStatus& status) {
  if (const auto* leased = std::get_if<Leased>(&status)) return leased->worker;
  if (const auto* running = std::get_if<Running>(&status)) return running->worker;
  if (const auto* orphaned = std::get_if<Orphaned>(&status)) return orphaned->worker;
  return std::nullopt;
}

void set_status(State& state, Run& run, RunStatus status) {
  const RunState from = state_of(run.status), to = state_of(status);
  if (!may_become(from, to)) {
    throw std::logic_error(
        fmt::format("{} may not go from {} to {}", to_string(run.id), to_string(from), to_string(to)));
  }
  const Sweep& sweep = state.sweeps.at(run.sweep);
  state.queue.erase(sweep.priority, sweep.id, {run.position, run.id}, *run.workload);
  state.timed.erase(run.id);
  run.status = status;
  index(state, run);
}

// What has failed before is tried by itself: then it is known whose fault it was, and nobody else pays for
// it.
void index(State& state, const Run& run) {
  if (is_timed(run)) state.timed.insert(run.id);
  if (!may_be_picked(state, run)) return;
  const auto company = run.strikes == Strikes{} ? RunQueue::Company::others : RunQueue::Company::none;
  state.queue.insert(state.sweeps.at(run.sweep).priority, run.sweep, {run.position, run.id}, *run.workload,
                     company);
}

void reindex(State& state, const Sweep& sweep) {
  state.queue.erase(sweep.id);
  for (const auto& [id, run] : state.runs) {
    if (run.sweep == sweep.id) index(state, run);
  }
}

void check_invariants(const State& state) {
  for (const auto& [id, run] : state.runs) {
    require(state.sweeps.contains(run.sweep), id, " belongs to a sweep");
    require(run.fence <= state.last_fence, id, " has a fence that was given out");
    const int priority = state.sweeps.at(run.sweep).priority;
    const bool queued = state.queue.contains(priority, run.sweep, {run.position, id}, *run.workload);
    require(queued == may_be_picked(state, run), id, " is in the queue if and only if it may be picked");
    require(state.timed.contains(id) == is_timed(run), id, " is timed if and only if a tick may end that");
    if (const auto holder = holder_of(run.status)) {
      const auto worker = state.workers.find(*holder);
      if (worker == state.workers.end() && state_of(run.status) == RunState::orphaned)
        continue;  // given up soon
      require(worker != state.workers.end(), id, " is held by a worker that exists");
      const auto grant = worker->second.runs.find(id);
      require(grant != worker->second.runs.end() && grant->second == run.fence, id,
              "'s holder has its newest grant");
    }
  }
  const auto waiting = std::ranges::count_if(
      state.runs, [&](const auto& entry) { return may_be_picked(state, entry.second); });
  require(std::ptrdiff_t(state.queue.size()) == waiting, "the queue",
          " holds what may be picked and nothing else");
  std::set<RunId> held;
  for (const auto& [id, worker] : state.workers) {
    for (const auto& [run, fence] : worker.runs) {
      const auto found = state.runs.find(run);
      const bool newest = found != state.runs.end() && found->second.fence == fence;
      require(!newest || held.insert(run).second, run, "'s newest grant has one holder");
    }
    const auto device = state.devices.find(worker.device);
    require(device != state.devices.end() && device->second.worker == id, id, " is its device's worker");
  }
  for (const auto& [name, device] : state.devices) {
    require(!device.worker || state.workers.contains(*device.worker), name, "'s worker exists");
  }
}

}  // namespace sweetspot::daemon
