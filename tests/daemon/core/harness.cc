#include "tests/daemon/core/harness.h"

#include <fmt/format.h>

namespace sweetspot::daemon {

namespace {
std::string text(const Grant& grant) { return to_string(grant.run) + "/" + to_string(grant.fence); }
std::string text(const Run& run) {
  const std::string reason = run.reason.code.empty() ? "" : " " + run.reason.code;
  return fmt::format("{} {}{}", to_string(run.id), to_string(state_of(run.status)), reason);
}

struct ChangeText {
  std::string operator()(const RunChanged& c) { return text(c.run); }
  std::string operator()(const AttemptBegan& c) {
    return fmt::format("{} began as {} of {} on {}", to_string(c.grant.fence), c.number,
                       to_string(c.grant.run), c.device);
  }
  std::string operator()(const AttemptEnded& c) { return to_string(c.fence) + " ended " + c.outcome; }
  std::string operator()(const ProgressMade& c) { return "progress " + text(c.progress.grant); }
  std::string operator()(const EpochStored& c) {
    return fmt::format("epoch {} {}", c.epoch.metrics.epoch, text(c.epoch.grant));
  }
  std::string operator()(const ResultStored& c) {
    EXPECT_EQ(state_of(c.run.status), RunState::succeeded);
    return fmt::format("result {} seq {}", text(c.done.grant), c.seq);
  }
  std::string operator()(const SweepChanged& c) {
    return to_string(c.sweep.id) + (c.sweep.paused ? " paused" : " going");
  }
  std::string operator()(const WorkerChanged& c) { return to_string(c.worker.id) + " " + c.state; }
  std::string operator()(const DeviceChanged& c) {
    return c.device.name + (c.device.drained ? " drained" : " open") +
           (c.device.problem.empty() ? "" : ", troubled");
  }
};

struct MessageText {
  std::string to;
  std::string operator()(const Welcome&) { return "welcome " + to; }
  std::string operator()(const Start&) { return "sends a Start without its cells to " + to; }
  std::string operator()(const Cancel& m) { return "cancel " + to + " " + text(m.grant); }
  std::string operator()(const Ack& m) { return fmt::format("ack {} {}", to, m.seq); }
  std::string operator()(const Stale& m) { return "stale " + to + " " + text(m.grant); }
  std::string operator()(const Exit& m) { return "exit " + to + ": " + m.reason; }
};

struct ActText {
  std::string operator()(const LaunchWorker& a) {
    return "launch " + to_string(a.worker) + " on " + a.device;
  }
  std::string operator()(const StartPack& a) {
    std::string out = "start " + to_string(a.worker);
    for (const Grant& grant : a.pack) out += " " + text(grant);
    return out;
  }
  std::string operator()(const Send& a) { return std::visit(MessageText{to_string(a.worker)}, a.message); }
  std::string operator()(const KillWorker& a) { return "kill " + to_string(a.worker) + ": " + a.why; }
  std::string operator()(const RefuseWorker& a) { return "refuse " + to_string(a.worker) + ": " + a.why; }
};

bool is_reliable(const WorkerMessage& m) {
  return !std::holds_alternative<Progress>(m) && !std::holds_alternative<Heartbeat>(m) &&
         !std::holds_alternative<Hello>(m);
}
}  // namespace

std::string line(const Change& change) { return std::visit(ChangeText{}, change); }
std::string line(const Act& action) { return std::visit(ActText{}, action); }

Harness::Harness(std::vector<std::string> devices) {
  for (const std::string& name : devices) state.devices[name] = Device{.name = name};
}

Step Harness::step(const Event& event) {
  const Effects effects = react(state, event, now, options);
  EXPECT_NO_THROW(check_invariants(state));
  Step step;
  for (const Act& action : effects.actions) step.actions.push_back(line(action));
  for (const Change& change : effects.changes) step.changes.push_back(line(change));
  step.outcomes = effects.outcomes;
  step.done_up_to = effects.done_up_to;
  return step;
}

Step Harness::after(std::chrono::milliseconds time) {
  now += time;
  state.last_tick = now;
  return step(Tick{});
}

Step Harness::submit(const NewSweep& sweep) {
  SweepAdded added{{.id = SweepId{sweep.id}, .priority = sweep.priority}, {}};
  for (int i = 0; i < sweep.runs; ++i) {
    const std::string& affinity = sweep.affinities[i % sweep.affinities.size()];
    added.runs.push_back({.id = RunId{next_run_++},
                          .sweep = added.sweep.id,
                          .position = i,
                          .workload = std::make_shared<const Workload>(
                              Workload{.affinity = affinity, .pack = sweep.pack, .epochs = 3})});
  }
  return step(added);
}

Step Harness::connect(std::int64_t id, std::vector<Grant> grants) {
  return hello({.worker = WorkerId{id}, .device = worker(id).device, .grants = std::move(grants)});
}
Step Harness::hello(const Hello& hello) { return step(WorkerConnected{hello}); }

Step Harness::say(std::int64_t id, const WorkerMessage& message) {
  return step(WorkerSaid{WorkerId{id}, {is_reliable(message) ? ++seq_[id] : 0, message}});
}
Step Harness::end(std::int64_t id, ProcessEnd how) { return step(WorkerEnded{WorkerId{id}, std::move(how)}); }
Step Harness::act(std::int64_t id, Action action) { return step(RunAction{RunId{id}, action}); }
Step Harness::act_on_sweep(std::int64_t id, Action action, std::vector<RunState> states) {
  return step(SweepAction{SweepId{id}, action, std::move(states)});
}

void Harness::start_all() {
  const auto launched = state.workers;
  for (const auto& [id, worker] : launched) {
    if (!worker.connected) connect(id.value);
  }
  for (const auto& [id, worker] : state.workers) {
    const auto granted = worker.runs;
    for (const auto& [run, fence] : granted) say(id.value, Started{{run, fence}});
  }
}

void Harness::restart() { state = as_loaded(state, now, options); }

State as_loaded(const State& before, TimePoint now, const ReactorOptions& options) {
  State after;
  after.sweeps = before.sweeps, after.runs = before.runs;
  after.last_fence = before.last_fence, after.last_worker = before.last_worker;
  for (const auto& [name, device] : before.devices)
    after.devices[name] = Device{.name = name, .drained = device.drained, .memory = device.memory};
  for (const auto& [id, worker] : before.workers) {
    after.workers[id] = {
        .id = id, .device = worker.device, .last_heard = now, .idle_since = now, .progressed = now};
    after.devices[worker.device].worker = id;
  }
  for (auto& [id, run] : after.runs) {
    if (const auto holder = holder_of(run.status)) {
      run.status = Orphaned{*holder, now + options.adoption_grace};
      if (after.workers.contains(*holder)) after.workers.at(*holder).runs[id] = run.fence;
    }
    if (state_of(run.status) == RunState::retry_wait) run.status = RetryWait{now};
  }
  for (const auto& [id, run] : after.runs) index(after, run);
  return after;
}

Failed failed(const Grant& grant, ErrorClass error_class) {
  return {grant, error_class, {"why", "because", "do"}};
}

}  // namespace sweetspot::daemon
