#include "tests/daemon/core/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "tests/daemon/core/harness.h"

namespace sweetspot::daemon {

namespace {
using namespace std::chrono_literals;

void require(bool holds, const std::string& what) {
  if (!holds) throw std::logic_error(what);
}
}  // namespace

// --- the store ---

void FakeStore::add(const SweepAdded& added) {
  sweeps_[added.sweep.id] = added.sweep;
  for (const Run& run : added.runs) runs_[run.id] = run;
}

void FakeStore::change(const Run& run) {
  Run& row = runs_.at(run.id);
  const RunState from = state_of(row.status), to = state_of(run.status);
  require(from == to || may_become(from, to), to_string(run.id) + ": the database refuses " +
                                                  std::string(to_string(from)) + " -> " +
                                                  std::string(to_string(to)));
  require(row.fence <= run.fence, to_string(run.id) + ": its fence would rewind");
  row = run;
  last_fence_ = std::max(last_fence_, run.fence);
}

std::vector<ResultRejected> FakeStore::commit(const std::vector<Change>& changes,
                                              const std::set<Fence>& bad) {
  std::vector<ResultRejected> rejected;
  for (const Change& each : changes) {
    const auto* result = std::get_if<ResultStored>(&each);
    if (result && bad.contains(result->done.grant.fence))
      rejected.push_back({result->worker, result->done.grant, {"hash_differs", "", "", ""}});
    else std::visit([this](const auto& c) { keep(c); }, each);
  }
  return rejected;
}

void FakeStore::keep(const AttemptBegan& began) {
  require(attempts_.emplace(began.grant.fence, began.worker).second, "a fence was given out twice");
}
void FakeStore::keep(const ResultStored& stored) {
  change(stored.run);
  require(results.emplace(stored.run.id, stored.run.fence).second,
          to_string(stored.run.id) + " succeeded twice");
}
void FakeStore::keep(const WorkerChanged& changed) {
  last_worker_ = std::max(last_worker_, changed.worker.id);
  if (changed.state == "gone") workers.erase(changed.worker.id);
  else workers[changed.worker.id] = changed.worker.device;
}
void FakeStore::keep(const DeviceChanged& changed) {
  if (changed.device.drained) drained.insert(changed.device.name);
  else drained.erase(changed.device.name);
}

State FakeStore::load(TimePoint now, const ReactorOptions& options) {
  State stored;
  stored.sweeps = sweeps_, stored.last_fence = last_fence_, stored.last_worker = last_worker_;
  for (const std::string& name : devices)
    stored.devices[name] = Device{.name = name, .drained = drained.contains(name)};
  for (const auto& [id, device] : workers) stored.workers[id] = {.id = id, .device = device};
  for (auto& [id, run] : runs_) {
    if (holder_of(run.status)) run.status = Orphaned{attempts_.at(run.fence), now + options.adoption_grace};
  }
  stored.runs = runs_;
  return as_loaded(stored, now, options);
}

void FakeStore::compare(const State& state, const std::set<RunId>& being_rejected) const {
  require(state.runs.size() == runs_.size(), "memory has other runs than the store");
  for (const auto& [id, run] : state.runs) {
    if (being_rejected.contains(id)) continue;
    const Run& row = runs_.at(id);
    const bool equal = run.status.index() == row.status.index() && run.fence == row.fence &&
                       run.strikes == row.strikes && run.attempt == row.attempt && run.reason == row.reason &&
                       run.device == row.device;
    if (!equal)
      throw std::logic_error(fmt::format("{} is {} in memory and {} in the store, or differs otherwise",
                                         to_string(id), to_string(state_of(run.status)),
                                         to_string(state_of(row.status))));
  }
  for (const auto& [id, worker] : state.workers)
    if (!workers.contains(id)) throw std::logic_error(to_string(id) + " is not in the store");
}

// --- the daemon's loop ---

Simulation::Simulation(unsigned seed) : random_(seed) {
  options_.infrastructure_strikes = 1 + int(below(5));
  options_.pack = 1 + below(8);
  for (int i = 0, devices = 1 + int(below(4)); i < devices; ++i) {
    const std::string name = "cpu:" + std::to_string(i);
    state_.devices[name] = Device{.name = name, .memory = std::int64_t(50 + below(100))};
    store_.devices.insert(name);
  }
}

void Simulation::step(const Event& event) {
  const Effects effects = react(state_, event, now_, options_);
  std::set<Fence> bad;
  for (const Change& change : effects.changes) {
    const auto* result = std::get_if<ResultStored>(&change);
    if (result && faults_ && chance(10)) bad.insert(result->done.grant.fence);
    if (const auto* run = std::get_if<RunChanged>(&change))
      count("became " + std::string(to_string(state_of(run->run.status))));
    if (const auto* attempt = std::get_if<AttemptEnded>(&change)) count("attempt ended: " + attempt->outcome);
    if (result) count("result");
  }
  for (ResultRejected& rejected : store_.commit(effects.changes, bad))
    rejections_.push_back(std::move(rejected));
  check();
  if (faults_ && !effects.actions.empty() && chance(1)) {
    count("crash between commit and action");
    return restart();
  }
  for (const Act& action : effects.actions) perform(action);
}

void Simulation::check() {
  check_invariants(state_);
  std::set<RunId> being_rejected;
  for (const ResultRejected& rejected : rejections_) being_rejected.insert(rejected.grant.run);
  store_.compare(state_, being_rejected);
}

void Simulation::perform(const Act& action) {
  if (const auto* launch = std::get_if<LaunchWorker>(&action)) {
    for (const auto& [id, process] : processes_)
      require(process.device != launch->device, launch->device + " would have two processes");
    if (faults_ && chance(10)) {
      count("launch failed");
      ends_.emplace_back(launch->worker, CouldNotStart{});
      return;
    }
    count("launch");
    processes_[launch->worker] = {
        .id = launch->worker, .device = launch->device, .deaf = faults_ && chance(5)};
  } else if (const auto* start = std::get_if<StartPack>(&action)) {
    check_pack(*start);
    if (start->pack.size() > 1) count("pack of several");
    Start message;
    for (const Grant& grant : start->pack) message.pack.push_back({.grant = grant});
    deliver(start->worker, message);
  } else if (const auto* send = std::get_if<Send>(&action)) {
    if (std::holds_alternative<Stale>(send->message)) count("stale");
    deliver(send->worker, send->message);
  } else if (const auto* kill = std::get_if<KillWorker>(&action)) {
    count("kill");
    end(kill->worker, KilledBy{15});
  } else if (const auto* refuse = std::get_if<RefuseWorker>(&action)) {
    require(false, to_string(refuse->worker) + " was refused: " + refuse->why);
  }
}

// Who is trained together belongs together, fits, and has not failed before.
void Simulation::check_pack(const StartPack& start) const {
  const auto& memory = state_.devices.at(state_.workers.at(start.worker).device).memory;
  const Run& first = state_.runs.at(start.pack.at(0).run);
  std::int64_t bytes = 0;
  for (const Grant& grant : start.pack) {
    const Run& run = state_.runs.at(grant.run);
    require(start.pack.size() == 1 || run.strikes == Strikes{}, to_string(run.id) + " failed, and is packed");
    require(run.sweep == first.sweep && run.workload->pack == first.workload->pack,
            to_string(run.id) + " is packed with what it does not go with");
    bytes = run.workload->cpu.own > 0 && bytes >= 0 ? bytes + run.workload->cpu.own : -1;
  }
  require(start.pack.size() <= options_.pack, "a pack is too large");
  require(start.pack.size() == 1 || !memory || bytes < 0 || bytes + 10 <= *memory, "a pack does not fit");
}

// What is sent to a worker without a session is lost.
void Simulation::deliver(WorkerId worker, const DaemonMessage& message) {
  const auto process = processes_.find(worker);
  if (process == processes_.end()) return;
  if (std::holds_alternative<Welcome>(message)) {
    process->second.connected = true;
    process->second.sent = 0;
  }
  if (process->second.connected) process->second.inbox.push_back(message);
  else count("sent to nobody");
}

void Simulation::pass(std::chrono::milliseconds time) {
  now_ += time;
  std::vector<WorkerId> beating;
  for (const auto& [id, process] : processes_) {
    if (process.connected && !process.stalled) beating.push_back(id);
  }
  for (WorkerId id : beating) {
    if (processes_.contains(id) && processes_.at(id).connected) step(WorkerSaid{id, {0, Heartbeat{}}});
  }
  step(Tick{});
}

void Simulation::restart() {
  count("restart of the daemon");
  for (auto& [id, process] : processes_) {
    process.connected = false;
    process.inbox.clear();
  }
  rejections_.clear();
  state_ = store_.load(now_, options_);
  ends_.clear();
  for (const auto& [id, device] : store_.workers) {
    if (!processes_.contains(id)) ends_.emplace_back(id, ExitedWith{-1});
  }
  check();
}

void Simulation::end(WorkerId worker, ProcessEnd how) {
  if (processes_.erase(worker)) ends_.emplace_back(worker, std::move(how));
}

void Simulation::tell_end() {
  const auto [worker, how] = ends_.front();
  ends_.pop_front();
  step(WorkerEnded{worker, how});
}

// --- what happens ---

void Simulation::disturb(int steps) {
  for (int i = 0; i < steps; ++i) {
    const std::size_t dice = below(100);
    if (dice < 15) pass(std::chrono::milliseconds(below(3000)));
    else if (dice < 22) person();
    else if (dice < 26) fault();
    else if (dice < 32 && !rejections_.empty()) {
      count("result rejected");
      const ResultRejected rejected = rejections_.front();
      rejections_.pop_front();
      step(rejected);
    } else if (dice < 45 && !ends_.empty()) tell_end();
    else if (!processes_.empty()) turn(any_of(processes_)->second);
  }
}

WorkloadPtr Simulation::random_workload() {
  const std::string affinity(1, char('a' + below(2)));
  return std::make_shared<const Workload>(Workload{.affinity = affinity,
                                                   .pack = chance(80) ? affinity : "",
                                                   .epochs = 1 + int(below(3)),
                                                   .cpu = {10, std::int64_t(below(20))}});
}

void Simulation::person() {
  if (state_.sweeps.empty() || chance(20)) {
    SweepAdded added{{.id = SweepId{next_sweep_++}, .priority = int(below(3))}, {}};
    for (std::size_t i = 0, runs = 1 + below(8); i < runs; ++i) {
      added.runs.push_back({.id = RunId{next_run_++},
                            .sweep = added.sweep.id,
                            .position = std::int64_t(i),
                            .workload = random_workload()});
    }
    count("submit");
    store_.add(added);
    return step(added);
  }
  const SweepId sweep = any_of(state_.sweeps)->first;
  const RunId run = any_of(state_.runs)->first;
  const std::string device = any_of(state_.devices)->first;
  const std::size_t portion = 1 + below(8);  // the daemon may end before the next one
  switch (below(9)) {
    case 0:
      return count("cancel a sweep"), step(SweepAction{sweep, Action::cancel, {}, {}, portion});
    case 1:
      return count("pause"), step(SweepAction{sweep, Action::pause, {}, {}, portion});
    case 2:
      return count("resume"), step(SweepAction{sweep, Action::resume, {}, {}, portion});
    case 3:
      return count("retry a sweep"), step(SweepAction{sweep, Action::retry, {}, {}, portion});
    case 4:
    case 5:
      return count("cancel"), step(RunAction{run, Action::cancel});
    case 6:
      return count("retry"), step(RunAction{run, Action::retry});
    case 7:
      return count("drain"), step(DeviceAction{device, Action::pause});
    default:
      return count("open a device"), step(DeviceAction{device, Action::resume});
  }
}

void Simulation::fault() {
  if (chance(10)) return restart();
  if (processes_.empty()) return;
  FakeProcess& process = any_of(processes_)->second;
  const WorkerId id = process.id;
  switch (below(5)) {
    case 0:
      return count("crash of a worker"), end(id, KilledBy{9});
    case 1:
      return count("worker told to end"), void(process.leaving = true);
    case 2:
      return count("stall of a worker"), void(process.stalled = true);
    default:
      if (!process.connected) return;
      count("broken connection");
      process.connected = false;
      process.inbox.clear();
      if (chance(30)) {  // it is back before its first connection is seen to end
        turn(process);
        if (!processes_.contains(id)) return;
      }
      return step(WorkerDisconnected{id});
  }
}

void Simulation::settle() {
  faults_ = false;
  const auto names = store_.devices;
  for (const std::string& name : names) step(DeviceAction{name, Action::resume});
  const auto sweeps = state_.sweeps;
  for (const auto& [id, sweep] : sweeps) step(SweepAction{id, Action::resume, {}});
  const auto is_over = [this] {
    return processes_.empty() && ends_.empty() && rejections_.empty() &&
           std::ranges::all_of(state_.runs,
                               [](const auto& entry) { return is_terminal(state_of(entry.second.status)); });
  };
  for (int i = 0; !is_over(); ++i) {
    if (i == 5000) {
      std::string stuck;
      for (const auto& [id, run] : state_.runs) {
        if (!is_terminal(state_of(run.status)))
          stuck += to_string(id) + " " + std::string(to_string(state_of(run.status))) + "; ";
      }
      for (const auto& [id, process] : processes_) stuck += to_string(id) + " lives; ";
      throw std::logic_error("it never comes to rest: " + stuck);
    }
    pass(2s);
    for (; !rejections_.empty(); rejections_.pop_front()) {
      const ResultRejected rejected = rejections_.front();
      step(rejected);
    }
    while (!ends_.empty()) tell_end();
    std::vector<WorkerId> ids;
    for (const auto& [id, process] : processes_) ids.push_back(id);
    for (WorkerId id : ids) {
      for (int turns = 0; turns < 4 && processes_.contains(id); ++turns) turn(processes_.at(id));
    }
  }
  require(state_.workers.empty(), "a worker is remembered that has ended");
  for (const auto& [id, run] : state_.runs) {
    require(store_.results.contains(id) == (state_of(run.status) == RunState::succeeded),
            to_string(id) + " has a result if and only if it succeeded");
    count("ended " + std::string(to_string(state_of(run.status))));
  }
}

// --- a worker ---

void Simulation::turn(FakeProcess& process) {
  const WorkerId id = process.id;
  if (process.stalled) return;
  if (!process.connected) {
    if (process.must_exit) return end(id, ExitedWith{0});
    if (!process.grants.empty()) count("reconnect with grants");
    return step(WorkerConnected{
        {.worker = id, .device = process.device, .grants = {process.grants.begin(), process.grants.end()}}});
  }
  if (process.leaving && process.grants.empty()) return end(id, ExitedWith{0});
  if (!process.inbox.empty() && chance(70)) read(process);
  else if (process.must_exit && !process.deaf) return end(id, ExitedWith{0});
  else work(process);
  flush(id);
}

void Simulation::read(FakeProcess& process) {
  const DaemonMessage message = process.inbox.front();
  process.inbox.pop_front();
  if (const auto* start = std::get_if<Start>(&message)) {
    require(process.jobs.empty(), to_string(process.id) + " got work while it was busy");
    for (const Assignment& assignment : start->pack) {
      process.grants.insert(assignment.grant);
      process.jobs.emplace(assignment.grant, -1);
    }
  } else if (const auto* cancel = std::get_if<Cancel>(&message)) {
    if (process.grants.contains(cancel->grant)) process.to_stop.insert(cancel->grant);
  } else if (const auto* stale = std::get_if<Stale>(&message)) {
    process.grants.erase(stale->grant);
    process.to_stop.insert(stale->grant);
  } else if (const auto* ack = std::get_if<Ack>(&message)) {
    while (!process.kept.empty() && process.kept.front().seq <= ack->seq) {
      const WorkerMessage& acked = process.kept.front().message;
      if (const auto* done = std::get_if<Done>(&acked)) process.grants.erase(done->grant);
      if (const auto* failed = std::get_if<Failed>(&acked)) process.grants.erase(failed->grant);
      if (const auto* stopped = std::get_if<Stopped>(&acked)) process.grants.erase(stopped->grant);
      process.kept.pop_front();
    }
  } else if (std::holds_alternative<Exit>(message)) {
    require(process.jobs.empty(), to_string(process.id) + " was told to exit at work");
    if (process.deaf) count("exit not obeyed");
    process.must_exit = true;
  }
}

// What is said of a grant that is not ours any more is dropped.
void Simulation::put(FakeProcess& process, WorkerMessage message, const Grant& grant) {
  if (process.grants.contains(grant)) process.kept.push_back({++process.seq, std::move(message)});
}

Failed Simulation::random_failure(const Grant& grant) {
  constexpr ErrorClass classes[] = {ErrorClass::infrastructure, ErrorClass::out_of_memory,
                                    ErrorClass::diverged,       ErrorClass::bad_input,
                                    ErrorClass::protocol,       ErrorClass::internal};
  const ErrorClass error_class = classes[below(std::size(classes))];
  count("failure: " + std::string(to_string(error_class)));
  return {grant, error_class, {std::string(to_string(error_class)), "", "", ""}};
}

void Simulation::work(FakeProcess& process) {
  if (process.leaving) {  // everything is handed back
    for (const auto& [grant, epoch] : process.jobs) put(process, Stopped{grant}, grant);
    return process.jobs.clear();
  }
  const auto jobs = process.jobs;
  for (const auto& [grant, epoch] : jobs)
    if (chance(70)) work_on(process, grant, process.jobs.at(grant));
}

// The members of a pack go on side by side, and each ends by itself.
void Simulation::work_on(FakeProcess& process, const Grant& grant, int& epoch) {
  if (epoch < 0) return epoch = 0, put(process, Started{grant}, grant);
  if (process.to_stop.erase(grant)) put(process, Stopped{grant}, grant);
  else if (faults_ && chance(4)) put(process, random_failure(grant), grant);
  else if (epoch < 3) return ++epoch, put(process, EpochDone{grant, {.epoch = epoch}}, grant);
  else put(process, Done{grant, {}}, grant);
  process.jobs.erase(grant);
}

// A restart or its own end may come in between: the process is looked up again for each message.
void Simulation::flush(WorkerId worker) {
  const auto process = processes_.find(worker);
  if (process == processes_.end() || !process->second.connected) return;
  if (!process->second.jobs.empty() && chance(30))
    step(WorkerSaid{worker, {0, Progress{any_of(process->second.jobs)->first, "training"}}});
  while (processes_.contains(worker) && processes_.at(worker).connected) {
    FakeProcess& sender = processes_.at(worker);
    const auto next =
        std::ranges::find_if(sender.kept, [&](const WorkerFrame& f) { return f.seq > sender.sent; });
    if (next == sender.kept.end()) return;
    sender.sent = next->seq;
    const WorkerFrame frame = *next;
    step(WorkerSaid{worker, frame});
  }
}

}  // namespace sweetspot::daemon
