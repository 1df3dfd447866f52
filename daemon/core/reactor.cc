// Every transition of the daemon in one file: an event comes in, the state changes, effects go out.
//
// Each on(...) below handles one event. Whatever it did, dispatch() then gives free devices something to do.
// Runs change state through set_status() alone, and every change is also recorded for the store by changed().
#include "daemon/core/reactor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daemon/core/scheduler.h"

namespace sweetspot::daemon {

namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

std::string describe(const ProcessEnd& end) {
  return std::visit(
      overloaded{[](const ExitedWith& e) {
                   // An adopted worker is no child of this daemon: its code is not known.
                   return e.code < 0 ? std::string("ended") : fmt::format("exited with code {}", e.code);
                 },
                 [](const KilledBy& k) { return fmt::format("was killed by signal {}", k.signal); },
                 [](const CouldNotStart& c) { return "could not be started: " + c.error.message; }},
      end);
}

class Reactor {
 public:
  Reactor(State& state, TimePoint now, const ReactorOptions& options)
      : state_(state), now_(now), options_(options) {}

  Effects run(const Event& event) && {
    std::visit([this](const auto& e) { on(e); }, event);
    dispatch();
    return std::move(effects_);
  }

 private:
  // --- what people ask for ---

  void on(const SweepAdded& added) {
    state_.sweeps.emplace(added.sweep.id, added.sweep);
    for (const Run& run : added.runs) index(state_, state_.runs.emplace(run.id, run).first->second);
  }

  void on(const SweepAction& asked) {
    const auto sweep = state_.sweeps.find(asked.sweep);
    if (sweep == state_.sweeps.end()) return;
    if (asked.action == Action::pause && asked.after == RunId{}) turn(sweep->second, true);
    std::size_t looked_at = 0;
    for (auto at = state_.runs.upper_bound(asked.after); at != state_.runs.end(); ++at) {
      Run& run = at->second;
      if (run.sweep != asked.sweep) continue;
      if (looked_at++ == asked.most) break;
      effects_.done_up_to = run.id;
      if (concerns(asked, run)) act(run, asked.action);
    }
    if (looked_at > asked.most) return;
    effects_.done_up_to.reset();
    if (asked.action == Action::resume) turn(sweep->second, false);
  }

  // The sweep itself, before the first of its runs is paused and after the last is resumed: whenever the
  // daemon ends, what is left of either is to be resumed.
  void turn(Sweep& sweep, bool paused) {
    sweep.paused = paused;
    effects_.changes.push_back(SweepChanged{sweep});
    reindex(state_, sweep);
  }

  static bool concerns(const SweepAction& asked, const Run& run) {
    const RunState now = state_of(run.status);
    if (asked.action != Action::retry && asked.action != Action::restart) return !is_terminal(now);
    if (!asked.states.empty()) return std::ranges::find(asked.states, now) != asked.states.end();
    return is_terminal(now) && now != RunState::succeeded;
  }

  void on(const RunAction& asked) {
    if (const auto run = state_.runs.find(asked.run); run != state_.runs.end())
      act(run->second, asked.action);
  }

  void act(Run& run, Action action) {
    switch (action) {
      case Action::pause:
        return change_if_legal(run, Paused{}, {"paused", "the sweep is paused", "resume the sweep"});
      case Action::resume:
        if (state_of(run.status) == RunState::paused) change_if_legal(run, Queued{}, {});
        return;
      case Action::cancel:
        return cancel(run);
      case Action::retry:
        return retry(run, run.scratch);
      case Action::restart:
        return retry(run, run.fence);
    }
  }

  // Runs that a worker already has go on when their sweep is paused; the outcome says so.
  void change_if_legal(Run& run, RunStatus status, Reason reason) {
    const RunState from = state_of(run.status), to = state_of(status);
    if (!may_become(from, to)) return refused(run, fmt::format("it is {}", to_string(from)));
    changed(run, status, std::move(reason));
    effects_.outcomes.push_back({run.id, true, ""});
  }

  void refused(const Run& run, std::string why) {
    effects_.outcomes.push_back({run.id, false, std::move(why)});
  }

  void cancel(Run& run) {
    if (is_terminal(state_of(run.status)))
      return refused(run, fmt::format("it has {} already", to_string(state_of(run.status))));
    const auto holder = holder_of(run.status);
    if (holder) {
      effects_.actions.push_back(Send{*holder, Cancel{{run.id, run.fence}}});
      effects_.changes.push_back(AttemptEnded{run.fence, "cancelled", "cancelled on request"});
    }
    changed(run, Cancelled{}, {"cancelled", "cancelled on request", "retry it to do it after all"});
    effects_.outcomes.push_back({run.id, true, ""});
  }

  void retry(Run& run, Fence scratch) {
    const RunState now = state_of(run.status);
    if (!is_terminal(now) || now == RunState::succeeded)
      return refused(run, fmt::format("it is {}", to_string(now)));
    run.strikes = {};
    run.scratch = scratch;
    changed(run, Queued{}, {});
    effects_.outcomes.push_back({run.id, true, ""});
  }

  void on(const SweepPriority& asked) {
    const auto sweep = state_.sweeps.find(asked.sweep);
    if (sweep == state_.sweeps.end() || sweep->second.priority == asked.priority) return;
    sweep->second.priority = asked.priority;  // stored already, with the rest of the edit
    reindex(state_, sweep->second);
  }

  void on(const SweepRemoved& removed) {
    state_.queue.erase(removed.sweep);
    std::erase_if(state_.timed, [&](RunId run) { return state_.runs.at(run).sweep == removed.sweep; });
    std::erase_if(state_.runs, [&](const auto& entry) { return entry.second.sweep == removed.sweep; });
    state_.sweeps.erase(removed.sweep);
  }

  void on(const DeviceAction& asked) {
    const auto device = state_.devices.find(asked.device);
    if (device == state_.devices.end()) return;
    device->second.drained = asked.action == Action::pause;
    effects_.changes.push_back(DeviceChanged{device->second});
  }

  void on(const ShutDown&) {
    state_.shutting_down = true;
    for (auto& [id, worker] : state_.workers) release_if_idle(worker, "the daemon stops");
  }

  // --- workers come and go ---

  void on(const WorkerConnected& connected) {
    const Hello& hello = connected.hello;
    const std::string objection = objection_to(hello);
    if (!objection.empty()) {
      effects_.actions.push_back(RefuseWorker{hello.worker, objection});
      return;
    }
    Worker& worker = state_.workers.at(hello.worker);
    worker.connected = worker.greeted = true;
    worker.last_heard = worker.idle_since = worker.progressed = now_;
    Device& device = state_.devices.at(worker.device);
    device.failed_launches = 0;
    troubled(device, "");
    effects_.actions.push_back(Send{worker.id, Welcome{}});
    adopt(worker, hello.grants);
    effects_.changes.push_back(WorkerChanged{worker, worker.runs.empty() ? "idle" : "busy", hello});
  }

  std::string objection_to(const Hello& hello) const {
    if (hello.protocol != kProtocolVersion) {
      return fmt::format("it speaks protocol {}, this daemon {}: build both from one source", hello.protocol,
                         kProtocolVersion);
    }
    const auto device = state_.devices.find(hello.device);
    if (device == state_.devices.end())
      return fmt::format("device '{}' is not one of this daemon's: see serve --devices", hello.device);
    if (device->second.worker && *device->second.worker != hello.worker) {
      return fmt::format("device {} already has {}: one worker a device", hello.device,
                         to_string(*device->second.worker));
    }
    const auto worker = state_.workers.find(hello.worker);
    if (worker == state_.workers.end())
      return fmt::format("{} was not started by this daemon", to_string(hello.worker));
    if (worker->second.device != hello.device)
      return fmt::format("{} was started for {}, not for {}", to_string(hello.worker), worker->second.device,
                         hello.device);
    return "";  // also when it is connected: a newer connection is heard of before the older one's end
  }

  // A worker that comes back says which grants it still holds or has unacknowledged results of. What it was
  // granted but does not know of must be done anew, and that first: it may be a newer grant of a run that it
  // lists under an older one. Those that are current go on as if nothing had happened, the others (cancelled
  // or handed back while it was away) it must put down before it gets more.
  void adopt(Worker& worker, const std::vector<Grant>& grants) {
    const auto granted = worker.runs;
    for (const auto& [id, fence] : granted) {
      if (std::ranges::find(grants, Grant{id, fence}) != grants.end()) continue;
      worker.runs.erase(id);
      const auto run = state_.runs.find(id);
      if (run == state_.runs.end() || run->second.fence != fence ||
          holder_of(run->second.status) != worker.id)
        continue;
      effects_.changes.push_back(AttemptEnded{fence, "worker_lost_it", "the worker came back without it"});
      changed(run->second, Queued{}, {});
    }
    for (const Grant& grant : grants) {
      Run* run = current(worker, grant);
      if (!run) {
        worker.runs[grant.run] = grant.fence;
        effects_.actions.push_back(Send{worker.id, Cancel{grant}});
        continue;
      }
      worker.warm = run->workload->affinity;
      if (state_of(run->status) != RunState::running) changed(*run, Running{worker.id}, {});
    }
  }

  void on(const WorkerDisconnected& gone) {
    const auto worker = state_.workers.find(gone.worker);
    if (worker != state_.workers.end())
      worker->second.connected = false;  // it may come back; its end is told apart
  }

  void on(const WorkerEnded& ended) {
    const auto found = state_.workers.find(ended.worker);
    if (found == state_.workers.end()) return;
    const Worker worker = found->second;
    state_.workers.erase(found);
    Device& device = state_.devices.at(worker.device);
    device.worker.reset();
    const std::string how =
        fmt::format("{} on {} {}", to_string(worker.id), worker.device, describe(ended.end));
    if (!worker.greeted && !worker.stopping) {
      back_off(device);
      troubled(device, fmt::format("{} before it was ready; see workers/{}.log in the state directory", how,
                                   to_string(worker.id)));
    }
    effects_.changes.push_back(WorkerChanged{worker, "gone", {}});
    for (const auto& [id, fence] : worker.runs) {
      const auto run = state_.runs.find(id);
      if (run == state_.runs.end() || run->second.fence != fence ||
          holder_of(run->second.status) != worker.id)
        continue;
      fail(run->second, ErrorClass::infrastructure,
           {worker.stalled ? "worker_stalled" : "worker_lost", worker.stalled ? how + stalled_for() : how,
            "see the run's log and the worker's"});
    }
  }

  std::string stalled_for() const {
    return fmt::format(", for it had got nowhere for {} s", options_.stall_timeout.count());
  }

  void back_off(Device& device) {
    ++device.failed_launches;
    device.next_launch = now_ + delay(device.failed_launches, device.failed_launches);
  }

  void troubled(Device& device, std::string problem) {
    if (device.problem == problem) return;
    device.problem = std::move(problem);
    effects_.changes.push_back(DeviceChanged{device});
  }

  // --- what workers say ---

  void on(const WorkerSaid& said) {
    const auto worker = state_.workers.find(said.worker);
    if (worker == state_.workers.end()) return;
    worker->second.connected = true;  // in whatever order its connections began and ended
    if (!worker->second.stopping) worker->second.last_heard = now_;
    std::visit([&](const auto& message) { hear(worker->second, said.frame.seq, message); },
               said.frame.message);
    if (said.frame.seq > 0) effects_.actions.push_back(Send{said.worker, Ack{said.frame.seq}});
  }

  void hear(Worker&, std::int64_t, const Hello&) {}
  void hear(Worker&, std::int64_t, const Heartbeat&) {}

  void hear(Worker& worker, std::int64_t, const Started& started) {
    Run* run = current(worker, started.grant);
    if (!run) return stale(worker, started.grant);
    worker.progressed = now_;
    if (state_of(run->status) != RunState::running) changed(*run, Running{worker.id}, {});
  }

  void hear(Worker& worker, std::int64_t, const Progress& progress) {
    if (!current(worker, progress.grant)) return stale(worker, progress.grant);
    worker.progressed = now_;
    effects_.changes.push_back(ProgressMade{progress});
  }

  void hear(Worker& worker, std::int64_t, const EpochDone& epoch) {
    Run* run = current(worker, epoch.grant);
    if (!run) return stale(worker, epoch.grant);
    worker.progressed = now_;
    effects_.changes.push_back(EpochStored{epoch});
    if (epoch.metrics.epoch <= run->epochs) return;
    run->epochs = epoch.metrics.epoch;
    if (run->strikes.infrastructure == 0) return;
    run->strikes.infrastructure = 0;  // a run that gets on must not fail of five faults in three weeks
    effects_.changes.push_back(RunChanged{*run});
  }

  void hear(Worker& worker, std::int64_t seq, const Done& done) {
    Run* run = current(worker, done.grant);
    finished(worker, done.grant);
    if (!run) return;  // sent twice, or cancelled meanwhile: the acknowledgement alone
    worker.warm = run->workload->affinity;
    if (state_of(run->status) != RunState::running) changed(*run, Running{worker.id}, {});
    set_status(state_, *run, Succeeded{});
    run->reason = {};
    effects_.changes.push_back(ResultStored{worker.id, seq, done, *run});
  }

  void hear(Worker& worker, std::int64_t, const Failed& failed) {
    Run* run = current(worker, failed.grant);
    finished(worker, failed.grant);
    if (run) fail(*run, failed.error_class, {failed.error.code, failed.error.message, failed.error.hint});
  }

  void hear(Worker& worker, std::int64_t, const Stopped& stopped) {
    Run* run = current(worker, stopped.grant);
    finished(worker, stopped.grant);
    if (!run) return;  // the answer to a Cancel
    effects_.changes.push_back(AttemptEnded{run->fence, "handed_back", "its worker was asked to end"});
    changed(*run, Queued{}, {});
    stop(worker);
  }

  // The success was decided but never stored, so it never happened: the run is put back, past the table.
  void on(const ResultRejected& rejected) {
    const auto run = state_.runs.find(rejected.grant.run);
    if (run == state_.runs.end() || run->second.fence != rejected.grant.fence ||
        state_of(run->second.status) != RunState::succeeded)
      return;
    run->second.status = Running{rejected.worker};
    fail(run->second, ErrorClass::protocol,
         {rejected.error.code, rejected.error.message, rejected.error.hint});
  }

  void finished(Worker& worker, const Grant& grant) {
    if (!holds(worker, grant)) return;
    worker.runs.erase(grant.run);
    worker.idle_since = now_;
    if (worker.runs.empty()) effects_.changes.push_back(WorkerChanged{worker, "idle", {}});
  }

  // What is said of a cancelled run until its Stopped is let be: after Stale, Stopped would not come.
  void stale(Worker& worker, const Grant& grant) {
    if (holds(worker, grant)) return;
    effects_.actions.push_back(Send{worker.id, Stale{grant}});
  }

  static bool holds(const Worker& worker, const Grant& grant) {
    const auto granted = worker.runs.find(grant.run);
    return granted != worker.runs.end() && granted->second == grant.fence;
  }

  // The run that `grant` speaks of, if that grant is its newest and this worker holds it.
  Run* current(const Worker& worker, const Grant& grant) {
    const auto run = state_.runs.find(grant.run);
    const bool is_current = run != state_.runs.end() && run->second.fence == grant.fence &&
                            holder_of(run->second.status) == worker.id;
    return is_current ? &run->second : nullptr;
  }

  // --- failures ---

  void fail(Run& run, ErrorClass error_class, Reason reason) {
    effects_.changes.push_back(AttemptEnded{run.fence, reason.code, reason.text});
    const int limit = strikes_allowed(error_class), strikes = strike(run.strikes, error_class);
    if (strikes < limit) {
      const auto wait = delay(strikes, run.id.value);
      reason.hint = fmt::format("attempt {} of at most {} follows in {:.0f} s", strikes + 1, limit,
                                std::chrono::duration<double>(wait).count());
      return changed(run, RetryWait{now_ + wait}, std::move(reason));
    }
    const bool kills_workers = error_class == ErrorClass::infrastructure;
    if (kills_workers) {
      reason.hint =
          fmt::format("its worker died {} times, so it is kept apart; see its log, then retry it", strikes);
      return changed(run, Quarantined{}, std::move(reason));
    }
    if (state_of(run.status) == RunState::orphaned) changed(run, Running{*holder_of(run.status)}, {});
    changed(run, FailedRun{}, std::move(reason));
  }

  // One more of this class; returns how many there are.
  static int strike(Strikes& strikes, ErrorClass error_class) {
    switch (error_class) {
      case ErrorClass::infrastructure:
        return ++strikes.infrastructure;
      case ErrorClass::out_of_memory:
        return ++strikes.out_of_memory;
      case ErrorClass::protocol:
        return ++strikes.protocol;
      case ErrorClass::diverged:
      case ErrorClass::bad_input:
      case ErrorClass::internal:
        return 1;
    }
    return 1;
  }

  int strikes_allowed(ErrorClass error_class) const {
    switch (error_class) {
      case ErrorClass::infrastructure:
        return options_.infrastructure_strikes;
      case ErrorClass::out_of_memory:
        return options_.out_of_memory_strikes;
      case ErrorClass::protocol:
        return options_.protocol_strikes;
      case ErrorClass::diverged:
      case ErrorClass::bad_input:
      case ErrorClass::internal:
        return 1;
    }
    return 1;
  }

  // Doubles with each strike, at most 10 minutes, spread by up to 20 % so that many do not come back at once.
  std::chrono::milliseconds delay(int strikes, std::int64_t salt) const {
    const double spread =
        0.8 +
        0.4 * double((std::uint64_t(salt) * 2654435761u + std::uint64_t(strikes) * 40503u) % 1000) / 1000;
    const double base = double(options_.retry_backoff.count()) * std::pow(2.0, std::min(strikes - 1, 20));
    return std::chrono::milliseconds(std::int64_t(std::min(base, 600'000.0) * spread));
  }

  // --- time ---

  // A daemon that was stopped itself, or had no processor, has heard nobody: whoever is silent still gets his
  // time.
  void on(const Tick&) {
    if (now_ - state_.last_tick > options_.heartbeat_timeout / 2)
      for (auto& [id, worker] : state_.workers)
        if (!worker.stopping)
          worker.last_heard = std::max(worker.last_heard, now_ - options_.heartbeat_timeout / 2);
    state_.last_tick = now_;
    const auto timed = state_.timed;
    for (const RunId id : timed) {
      Run& run = state_.runs.at(id);
      const auto* waiting = std::get_if<RetryWait>(&run.status);
      if (waiting && waiting->until <= now_) changed(run, Queued{}, run.reason);
      else if (is_abandoned(run))
        fail(run, ErrorClass::infrastructure,
             {"worker_lost", "its worker had ended before the daemon started", "see the run's log"});
    }
    for (auto& [id, worker] : state_.workers) watch(worker);
  }

  // The end of its worker was stored and its own was not: the daemon died between a result and its rejection.
  bool is_abandoned(const Run& run) const {
    const auto* orphaned = std::get_if<Orphaned>(&run.status);
    return orphaned && orphaned->deadline < now_ && !state_.workers.contains(orphaned->worker);
  }

  void watch(Worker& worker) {
    const auto patience = worker.greeted || worker.stopping ? options_.heartbeat_timeout
                          : worker.runs.empty()             ? options_.launch_timeout
                                                            : options_.adoption_grace;
    if (now_ - worker.last_heard > patience) {
      const char* why =
          worker.stopping ? "it should have ended {} s ago" : "nothing was heard of it for {} s";
      stop(worker);
      effects_.actions.push_back(KillWorker{worker.id, fmt::format(fmt::runtime(why), patience.count())});
    } else if (worker.connected && !worker.stopping && !worker.runs.empty() &&
               now_ - worker.progressed > options_.stall_timeout) {
      worker.stalled = true;
      stop(worker);
      effects_.actions.push_back(KillWorker{
          worker.id, fmt::format("it beats, but got nowhere for {} s", options_.stall_timeout.count())});
    } else if (worker.connected && now_ - worker.idle_since > options_.idle_timeout && state_.queue.empty()) {
      release_if_idle(worker, "there is nothing to do");
    }
  }

  void release_if_idle(Worker& worker, std::string why) {
    if (!worker.runs.empty() || worker.stopping) return;
    stop(worker);
    if (worker.connected) effects_.actions.push_back(Send{worker.id, Exit{std::move(why)}});
    else effects_.actions.push_back(KillWorker{worker.id, std::move(why)});
  }

  // From here on it is not heard any more: if its process is still there after a while, it is killed (again).
  void stop(Worker& worker) {
    worker.stopping = true;
    worker.last_heard = now_;
  }

  // --- giving out work ---

  void dispatch() {
    if (state_.shutting_down) return;
    for (auto& [id, worker] : state_.workers) {
      if (state_.devices.at(worker.device).drained) release_if_idle(worker, "the device is drained");
      const bool free = worker.connected && !worker.stopping && worker.runs.empty();
      if (!free) continue;
      if (const auto pack = pick_pack(state_, worker, options_.pack); !pack.empty()) grant(pack, worker);
    }
    auto unserved = std::ptrdiff_t(state_.queue.size());
    for (const auto& [id, worker] : state_.workers)
      unserved -= !worker.greeted && !worker.stopping && worker.runs.empty();
    for (auto& [name, device] : state_.devices) {
      if (device.worker || device.drained || device.next_launch > now_ || unserved <= 0) continue;
      launch(device);
      --unserved;
    }
  }

  void grant(const std::vector<RunId>& pack, Worker& worker) {
    StartPack start{worker.id, {}};
    for (RunId id : pack) start.pack.push_back(grant(state_.runs.at(id), worker));
    worker.progressed = now_;
    effects_.changes.push_back(WorkerChanged{worker, "busy", {}});
    effects_.actions.push_back(std::move(start));
  }

  Grant grant(Run& run, Worker& worker) {
    run.fence = state_.last_fence = Fence{state_.last_fence.value + 1};
    run.device = worker.device;
    ++run.attempt;
    worker.runs.emplace(run.id, run.fence);
    worker.warm = run.workload->affinity;
    changed(run, Leased{worker.id}, {});
    const Grant grant{run.id, run.fence};
    effects_.changes.push_back(AttemptBegan{grant, run.attempt, worker.id, worker.device});
    return grant;
  }

  void launch(Device& device) {
    const WorkerId id = state_.last_worker = WorkerId{state_.last_worker.value + 1};
    const Worker worker{
        .id = id, .device = device.name, .last_heard = now_, .idle_since = now_, .progressed = now_};
    state_.workers.emplace(id, worker);
    device.worker = id;
    effects_.changes.push_back(WorkerChanged{worker, "starting", {}});
    effects_.actions.push_back(LaunchWorker{id, device.name});
  }

  void changed(Run& run, RunStatus status, Reason reason) {
    set_status(state_, run, status);
    run.reason = std::move(reason);
    effects_.changes.push_back(RunChanged{run});
  }

  State& state_;
  const TimePoint now_;
  const ReactorOptions& options_;
  Effects effects_;
};

}  // namespace

Effects react(State& state, const Event& event, TimePoint now, const ReactorOptions& options) {
  return Reactor(state, now, options).run(event);
}

}  // namespace sweetspot::daemon
