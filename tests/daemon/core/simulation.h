// A daemon with everything around it, simulated: a store that keeps what is committed, worker processes that
// obey the protocol, people who submit, cancel and retry, and faults. One seed is one history.
#pragma once

#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>

#include "daemon/core/reactor.h"

namespace sweetspot::daemon {

// Keeps committed changes and nothing else; refuses what the database would refuse (std::logic_error).
class FakeStore {
 public:
  void add(const SweepAdded& added);
  // The results that did not verify come back: those of the fences in `bad`.
  std::vector<ResultRejected> commit(const std::vector<Change>& changes, const std::set<Fence>& bad);
  State load(TimePoint now, const ReactorOptions& options);  // held runs become orphaned
  // Throws unless memory and store tell the same, but for results whose rejection is still under way.
  void compare(const State& state, const std::set<RunId>& being_rejected) const;

  std::map<WorkerId, std::string> workers;  // that are not gone, and their devices
  std::map<RunId, Fence> results;
  std::set<std::string> devices, drained;

 private:
  void change(const Run& run);
  void keep(const RunChanged& changed) { change(changed.run); }
  void keep(const AttemptBegan& began);
  void keep(const AttemptEnded&) {}
  void keep(const ProgressMade&) {}
  void keep(const EpochStored& stored) {
    int& epochs = runs_.at(stored.epoch.grant.run).epochs;
    epochs = std::max(epochs, stored.epoch.metrics.epoch);
  }
  void keep(const ResultStored& stored);
  void keep(const SweepChanged& changed) { sweeps_.at(changed.sweep.id) = changed.sweep; }
  void keep(const WorkerChanged& changed);
  void keep(const DeviceChanged& changed);

  std::map<SweepId, Sweep> sweeps_;
  std::map<RunId, Run> runs_;
  std::map<Fence, WorkerId> attempts_;
  Fence last_fence_;
  WorkerId last_worker_;
};

// A worker process: what worker/link does, with training of a few steps.
struct FakeProcess {
  WorkerId id;
  std::string device;
  bool connected = false, stalled = false, deaf = false, must_exit = false, leaving = false;
  std::deque<DaemonMessage> inbox;
  std::set<Grant> grants, to_stop;  // ours until the daemon has acknowledged how they ended
  std::map<Grant, int> jobs;        // the pack's that have not ended: epochs done, -1: not begun
  std::deque<WorkerFrame> kept;  // reliable, not acknowledged
  std::int64_t seq = 0, sent = 0;
};

class Simulation {
 public:
  explicit Simulation(unsigned seed);

  void disturb(int steps);  // random events, faults among them
  void settle();            // no more faults, until every run has ended and every worker is gone

  std::map<std::string, int> happened;  // how often
  std::chrono::duration<double> lived() const { return now_ - TimePoint(); }

 private:
  using Processes = std::map<WorkerId, FakeProcess>;

  void step(const Event& event);
  void perform(const Act& action);
  void deliver(WorkerId worker, const DaemonMessage& message);
  void check();

  void pass(std::chrono::milliseconds time);
  void person();
  WorkloadPtr random_workload();
  void check_pack(const StartPack& start) const;
  void fault();
  void restart();
  void end(WorkerId worker, ProcessEnd how);
  void tell_end();

  void turn(FakeProcess& process);
  void read(FakeProcess& process);
  void work(FakeProcess& process);
  void work_on(FakeProcess& process, const Grant& grant, int& epoch);
  void flush(WorkerId worker);
  void put(FakeProcess& process, WorkerMessage message, const Grant& grant);
  Failed random_failure(const Grant& grant);

  bool chance(int percent) { return below(100) < std::size_t(percent); }
  std::size_t below(std::size_t n) { return random_() % n; }
  template <class Map>
  auto any_of(Map& map) {
    return std::next(map.begin(), std::ptrdiff_t(below(map.size())));
  }
  void count(const std::string& what) { ++happened[what]; }

  std::mt19937_64 random_;
  bool faults_ = true;
  ReactorOptions options_;
  TimePoint now_{};
  FakeStore store_;
  State state_;
  Processes processes_;
  std::deque<std::pair<WorkerId, ProcessEnd>> ends_;  // not told yet
  std::deque<ResultRejected> rejections_;
  std::int64_t next_sweep_ = 1, next_run_ = 1;
};

}  // namespace sweetspot::daemon
