#include "daemon/daemon.h"

#include <fmt/format.h>

#include <cstdlib>
#include <thread>

#include "daemon/device_memory.h"
#include "schemas/attempt_files.h"

namespace sweetspot::daemon {

namespace {
constexpr std::chrono::milliseconds kTick{500}, kProgressDelay{100}, kCompanyDelay{2}, kHoldPause{1000};

// Of a sweep's runs that a command changes at a time: some 50 ms in which nobody else is served.
constexpr std::size_t kPortion = 1000;

constexpr std::int64_t kTicksBetweenLogs = 20;

Error not_found(const std::string& what) {
  return {"not_found", "there is no " + what,
          "list what there is with `sweetspot status` or `sweetspot runs`", ""};
}
Error stopping() {
  return {"stopping", "the daemon is stopping", "start it again and repeat the request", ""};
}

// Nothing was written, and the same can be tried again.
bool may_be_held(const Error& error) {
  return error.code == "disk_full" || error.code == "database_busy" || error.code == "shortage";
}
// Whether it was written is not known.
bool leaves_doubt(const Error& error) { return error.code == "database_io"; }

Error held_up(const Error& why) {
  if (why.code == "database_busy")
    return {why.code, "another program has locked the database: nothing can be changed until it lets go",
            why.hint, ""};
  if (why.code == "shortage")
    return {why.code, "the daemon is out of file descriptors: nothing can be changed until it is not",
            why.hint, ""};
  return {why.code, "the disk that holds the state directory is full: nothing can be changed until it is not",
          "free some space; runs go on meanwhile, and the daemon by itself afterwards", ""};
}

bool is_progress(const Change& change) { return std::holds_alternative<ProgressMade>(change); }

// Nobody waits for the answer, and more follows soon: of a short run even its end.
bool may_wait(const Event& event) {
  const auto* said = std::get_if<WorkerSaid>(&event);
  return said && (std::holds_alternative<Started>(said->frame.message) ||
                  std::holds_alternative<Progress>(said->frame.message) ||
                  std::holds_alternative<Heartbeat>(said->frame.message));
}
}  // namespace

Daemon::Daemon(asio::io_context& loop, Store store, DaemonOptions options)
    : loop_(loop),
      options_(std::move(options)),
      store_(std::move(store)),
      supervisor_(loop, options_.supervisor, [this](Event event) { post(std::move(event)); }),
      tick_timer_(loop),
      progress_timer_(loop),
      company_timer_(loop),
      hold_timer_(loop) {}

Status Daemon::start(std::function<void()> committed) {
  auto state = store_.load(Clock::now(), options_.reactor.adoption_grace);
  if (!state) return state.error();
  state_ = std::move(*state);
  add_devices();
  const auto known = store_.known_workers();
  if (!known) return known.error();
  adopt_workers(*known);
  if (const Status listening = supervisor_.listen(); !listening) return listening;
  committed_ = std::move(committed);
  std::vector<Change> devices;
  for (const auto& [name, device] : state_.devices) devices.push_back(DeviceChanged{device});
  commit(devices);
  post(Tick{});  // workers are started now, not at the first beat
  tick();
  return success();
}

void Daemon::add_devices() {
  std::vector<std::string> names;
  for (const DeviceSpec& device : options_.devices) names.push_back(device.name);
  const auto memory = device_memory(names);
  for (std::size_t i = 0; i < names.size(); ++i)
    state_.devices.try_emplace(names[i], Device{.name = names[i]}).first->second.memory = memory[i];
}

// A worker of an earlier daemon keeps its device, also one that this daemon was not told to use: then it may
// finish what it has, but gets nothing more.
void Daemon::adopt_workers(const std::vector<Store::KnownWorker>& known) {
  const TimePoint now = Clock::now();
  for (const Store::KnownWorker& worker : known) {
    Device& device = state_.devices.try_emplace(worker.device, Device{.name = worker.device, .drained = true})
                         .first->second;
    if (!device.worker) device.worker = worker.id;
    state_.workers.try_emplace(worker.id, Worker{.id = worker.id,
                                                 .device = worker.device,
                                                 .last_heard = now,
                                                 .idle_since = now,
                                                 .progressed = now});
    supervisor_.adopt(worker);
  }
}

std::size_t Daemon::drain() {
  const Event event = ShutDown{};
  apply({&event, 1});
  return std::ranges::count_if(state_.workers, [](const auto& entry) { return !entry.second.runs.empty(); });
}

void Daemon::stop() {
  stopped_ = true;
  tick_timer_.cancel();
  progress_timer_.cancel();
  company_timer_.cancel();
  hold_timer_.cancel();
  if (!progress_.empty() && !held_) commit({});
  supervisor_.stop();
}

// --- the loop ---

void Daemon::post(Event event) {
  const bool waits = may_wait(event);
  pending_.push_back(std::move(event));
  if (held_ || taking_) return;
  if (waits) {
    if (pending_.size() == 1) take_in_company();
  } else {
    // In the next lap but one, so that what others have said by now is stored in the same commit.
    taking_ = true;
    asio::post(loop_, [this] { asio::post(loop_, [this] { take_pending(); }); });
  }
}

// Waits no longer than a commit of its own would take.
void Daemon::take_in_company() {
  company_timer_.expires_after(std::min<std::chrono::nanoseconds>(kCompanyDelay, store_.last_sync()));
  company_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) take_pending();
  });
}

void Daemon::take_pending() {
  taking_ = false;
  if (held_ || pending_.empty()) return;  // held: until what was decided before is stored
  std::vector<Event> events(std::make_move_iterator(pending_.begin()),
                            std::make_move_iterator(pending_.end()));
  pending_.clear();
  apply(events);
}

// One turn: everything that came in is decided, then committed in one transaction, then acted on.
Effects Daemon::apply(std::span<const Event> events) {
  Effects all;
  for (const Event& event : events) {
    Effects effects = react(state_, event, Clock::now(), options_.reactor);
    std::ranges::move(effects.changes, std::back_inserter(all.changes));
    std::ranges::move(effects.actions, std::back_inserter(all.actions));
    std::ranges::move(effects.outcomes, std::back_inserter(all.outcomes));
    all.done_up_to = effects.done_up_to;
  }
  if (!all.changes.empty() && std::ranges::all_of(all.changes, is_progress)) {
    std::ranges::move(all.changes, std::back_inserter(progress_));
    commit_progress_soon();
  } else if (!all.changes.empty() && !commit(all.changes)) {
    held_actions_ = all.actions;
    return all;
  }
  for (const Act& action : all.actions) perform(action);
  return all;
}

// Without a commit nothing may go on, and its outcome is unknown: the daemon begins anew and reads what is
// true. Workers live on and are adopted. Only where the disk is full, the database locked or a file cannot be
// opened for want of descriptors is it known that nothing was written: false, and the same changes are tried
// again, before anything else is decided.
bool Daemon::commit(std::span<const Change> changes) {
  std::vector<Change> together = std::exchange(progress_, {});
  together.insert(together.end(), changes.begin(), changes.end());
  auto rejected = store_.commit(together);
  if (!rejected && may_be_held(rejected.error())) {
    hold(std::move(together), rejected.error());
    return false;
  }
  if (!rejected) begin_anew_after(rejected.error());
  for (auto& [change, error] : *rejected)
    post(ResultRejected{change.worker, change.done.grant, std::move(error)});
  for (const Change& change : together) {
    const auto* stored = std::get_if<ResultStored>(&change);
    if (stored && succeeded(stored->run.id)) remove_checkpoints(stored->run.id);
  }
  committed_();
  return true;
}

void Daemon::begin_anew_after(const Error& error) {
  options_.supervisor.log(fmt::format("{}: the database refused a commit: {} ({})",
                                      store_.directory().string(), error.message, error.hint));
  // In a new state other workers and runs have the numbers of these.
  if (!store_.still_there()) supervisor_.kill_all();
  options_.begin_anew();
}

void Daemon::hold(std::vector<Change> changes, const Error& why) {
  if (!held_) options_.supervisor.log(fmt::format("{} ({}); waiting", why.message, why.hint));
  held_ = why;
  hold_timer_.expires_after(kHoldPause);
  hold_timer_.async_wait([this, changes = std::move(changes)](const boost::system::error_code& cancelled) {
    if (cancelled || !commit(changes)) return;
    options_.supervisor.log("the database can be written again");
    held_.reset();
    for (const Act& action : std::exchange(held_actions_, {})) perform(action);
    take_pending();
  });
}

bool Daemon::succeeded(RunId run) const {
  const auto found = state_.runs.find(run);
  return found != state_.runs.end() && state_of(found->second.status) == RunState::succeeded;
}

// Of all its attempts: there is nothing left to go on with.
void Daemon::remove_checkpoints(RunId run) {
  const auto attempts = attempt_directory(store_.directory(), {run, Fence{1}}).parent_path();
  std::error_code failed, ignored;
  for (std::filesystem::directory_iterator it(attempts, failed), end; !failed && it != end;
       it.increment(failed))
    std::filesystem::remove_all(it->path() / kCheckpointDirectory, ignored);
}

void Daemon::commit_progress_soon() {
  if (progress_timer_.expiry() > Clock::now()) return;
  progress_timer_.expires_after(kProgressDelay);
  progress_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && !progress_.empty() && !held_) commit({});
  });
}

void Daemon::perform(const Act& action) {
  const auto& log = options_.supervisor.log;
  if (const auto* launch = std::get_if<LaunchWorker>(&action)) {
    const auto device = std::ranges::find(options_.devices, launch->device, &DeviceSpec::name);
    log(fmt::format("{}: starting {}", launch->device, to_string(launch->worker)));
    supervisor_.launch(launch->worker, launch->device,
                       device == options_.devices.end() ? 1 : device->threads);
  } else if (const auto* start = std::get_if<StartPack>(&action)) {
    start_pack(*start);
  } else if (const auto* send = std::get_if<Send>(&action)) {
    supervisor_.send(send->worker, send->message);
  } else if (const auto* kill = std::get_if<KillWorker>(&action)) {
    log(fmt::format("stopping {}: {}", to_string(kill->worker), kill->why));
    supervisor_.kill(kill->worker, kill->why);
  } else if (const auto* refuse = std::get_if<RefuseWorker>(&action)) {
    log(fmt::format("refused {}: {}", to_string(refuse->worker), refuse->why));
    supervisor_.refuse(refuse->worker, refuse->why);
  }
}

void Daemon::start_pack(const StartPack& start) {
  Start message;
  for (const Grant& grant : start.pack) {
    auto cell = store_.cell_of(grant.run);
    const auto attempts = store_.attempts_before(grant);
    if (!cell || !attempts) {  // the rows were there when the grant was committed
      options_.supervisor.log(fmt::format("{}: {}", to_string(grant.run),
                                          cell ? attempts.error().message : cell.error().message));
      return;
    }
    std::vector<std::string> earlier;
    for (const Grant& attempt : *attempts)
      earlier.push_back(attempt_directory(store_.directory(), attempt).string());
    message.pack.push_back({grant, state_.runs.at(grant.run).attempt,
                            attempt_directory(store_.directory(), grant).string(), std::move(earlier),
                            std::move(*cell), depths_beside(grant.run)});
  }
  supervisor_.send(start.worker, message);
}

// Asked once for each group of cells: a sweep's depths never change.
const std::vector<int>& Daemon::depths_beside(RunId id) {
  const Run& run = state_.runs.at(id);
  const auto [known, is_new] = depths_.try_emplace({run.sweep, run.workload->affinity});
  if (!is_new) return known->second;
  if (auto depths = store_.depths_beside(id)) known->second = std::move(*depths);
  return known->second;
}

void Daemon::tick() {
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    if (const Status there = store_.still_there(); !there) begin_anew_after(there.error());
    if (!held_) post(Tick{});
    if (++ticks_ % kTicksBetweenLogs == 0) supervisor_.keep_logs_short();
    tick();
  });
}

// --- commands ---

// Carries `work` over to the loop's thread and waits for its answer; gives up when the loop has ended.
template <class R>
R Daemon::on_loop(std::function<R()> work) {
  auto promise = std::make_shared<std::promise<R>>();
  auto answer = promise->get_future();
  asio::post(loop_, [this, promise, work = std::move(work)] {
    if (held_) return promise->set_value(held_up(*held_));
    R done = work();
    if (!done.ok() && leaves_doubt(done.error())) begin_anew_after(done.error());
    promise->set_value(held_ && done.ok() ? R(held_up(*held_)) : std::move(done));
  });
  return wait_for(std::move(answer));
}

template <class R>
R Daemon::wait_for(std::future<R> answer) {
  while (answer.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
    if (stopped_) return stopping();
  }
  return answer.get();
}

Result<SweepId> Daemon::submit(SubmitRequest request) {
  return on_loop<Result<SweepId>>([this, request = std::move(request)]() mutable -> Result<SweepId> {
    auto added = store_.insert_sweep(request);
    request.cells = {};  // of a large sweep the most memory that is ever needed at once
    return take_up(std::move(added));
  });
}

Result<SweepId> Daemon::import_results(ImportRequest request) {
  return on_loop<Result<SweepId>>([this, request = std::move(request)]() -> Result<SweepId> {
    return take_up(store_.insert_imported(request));
  });
}

// What was stored becomes part of the state.
Result<SweepId> Daemon::take_up(Result<SweepAdded> added) {
  if (!added) return added.error();
  const SweepId id = added->sweep.id;
  const Event event = std::move(*added);
  apply({&event, 1});
  committed_();
  return id;
}

Status Daemon::edit_sweep(SweepId sweep, SweepEdit edit) {
  return on_loop<Status>([this, sweep, edit = std::move(edit)]() -> Status {
    const Status edited = store_.edit_sweep(sweep, edit);
    if (!edited) return edited;
    const Event event = SweepPriority{sweep, edit.priority.value_or(state_.sweeps.at(sweep).priority)};
    apply({&event, 1});
    committed_();
    return success();
  });
}

Status Daemon::edit_run(RunId run, RunEdit edit) {
  return on_loop<Status>([this, run, edit = std::move(edit)]() -> Status {
    const Status edited = store_.edit_run(run, edit);
    if (edited) committed_();
    return edited;
  });
}

Status Daemon::remove_sweep(SweepId sweep) {
  return on_loop<Status>([this, sweep]() -> Status {
    if (!state_.sweeps.contains(sweep)) return not_found("sweep " + to_string(sweep));
    std::vector<RunId> runs;
    for (const auto& [id, run] : state_.runs) {
      if (run.sweep == sweep) runs.push_back(id);
    }
    for (const auto& [id, worker] : state_.workers) {
      for (const auto& [run, fence] : worker.runs) {
        if (!std::ranges::binary_search(runs, run)) continue;
        return Error{"sweep_active", fmt::format("{} still works on {}", to_string(id), to_string(run)),
                     "cancel the sweep, wait until its workers have stopped, then delete it", ""};
      }
    }
    const Status removed = store_.remove_sweep(sweep);
    if (!removed) return removed;
    const Event event = SweepRemoved{sweep};
    apply({&event, 1});
    std::erase_if(depths_, [&](const auto& known) { return known.first.first == sweep; });
    std::error_code ignored;  // files that no row names do not exist for the system
    for (RunId run : runs)
      std::filesystem::remove_all(attempt_directory(store_.directory(), {run, Fence{1}}).parent_path(),
                                  ignored);
    committed_();
    return success();
  });
}

Result<std::vector<RunOutcome>> Daemon::act_on_sweep(SweepId sweep, Action action,
                                                     std::vector<RunState> states) {
  auto work = std::make_shared<SweepWork>();
  work->left = {.sweep = sweep, .action = action, .states = std::move(states), .most = kPortion};
  auto answer = work->answer.get_future();
  asio::post(loop_, [this, work] {
    sweep_work_.push_back(work);
    if (sweep_work_.size() == 1) go_on_with_sweeps();
  });
  return wait_for(std::move(answer));
}

// A portion of the oldest such command; others wait until it is done, so that all runs see them in one order.
void Daemon::go_on_with_sweeps() {
  SweepWork& work = *sweep_work_.front();
  if (auto answer = do_portion(work)) {
    work.answer.set_value(*std::move(answer));
    sweep_work_.pop_front();
  }
  if (!sweep_work_.empty()) asio::post(loop_, [this] { go_on_with_sweeps(); });
}

// Nothing: there is more to do.
std::optional<Daemon::Outcomes> Daemon::do_portion(SweepWork& work) {
  if (held_) return held_up(*held_);
  if (!state_.sweeps.contains(work.left.sweep)) return not_found("sweep " + to_string(work.left.sweep));
  const Event event = work.left;
  Effects effects = apply({&event, 1});
  if (held_) return held_up(*held_);
  std::ranges::move(effects.outcomes, std::back_inserter(work.outcomes));
  if (!effects.done_up_to) return std::move(work.outcomes);
  work.left.after = *effects.done_up_to;
  return std::nullopt;
}

Result<RunOutcome> Daemon::act_on_run(RunId run, Action action) {
  return on_loop<Result<RunOutcome>>([this, run, action]() -> Result<RunOutcome> {
    if (!state_.runs.contains(run)) return not_found("run " + to_string(run));
    const Event event = RunAction{run, action};
    return apply({&event, 1}).outcomes.at(0);
  });
}

Status Daemon::act_on_device(std::string device, Action action) {
  return on_loop<Status>([this, device, action]() -> Status {
    if (!state_.devices.contains(device)) return not_found("device " + device);
    const Event event = DeviceAction{device, action};
    apply({&event, 1});
    return success();
  });
}

}  // namespace sweetspot::daemon
