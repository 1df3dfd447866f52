// Drives the reactor in tests: a virtual clock, invariants checked after every step, and every effect of a
// step as a line of text, so that a test states all that was done and thereby that nothing else was.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "daemon/core/reactor.h"

namespace sweetspot::daemon {

using Lines = std::vector<std::string>;

struct Step {
  Lines actions;  // "launch wk_1 on cpu:0", "start wk_1 run_1/f_1", "ack wk_1 3", ...
  Lines changes;  // "run_1 leased", "run_1 retry_wait worker_lost", "f_1 began as 1 of run_1 on cpu:0", ...
  std::vector<RunOutcome> outcomes;
  std::optional<RunId> done_up_to;
};

std::string line(const Change& change);
std::string line(const Act& action);

struct NewSweep {
  std::int64_t id = 1;
  int runs = 1;
  int priority = 0;
  std::vector<std::string> affinities = {"a"};  // of the runs, again from the front when there are more runs
  std::string pack = "";                        // equal for runs that can be trained together
};

class Harness {
 public:
  explicit Harness(std::vector<std::string> devices = {"cpu:0"});

  Step step(const Event& event);
  Step after(std::chrono::milliseconds time);  // a tick then, as if others had come before
  Step submit(const NewSweep& sweep);
  Step connect(std::int64_t worker, std::vector<Grant> grants = {});  // on its device
  Step hello(const Hello& hello);
  // Started, EpochDone, Done, Failed and Stopped take the worker's next seq, the others 0.
  Step say(std::int64_t worker, const WorkerMessage& message);
  Step end(std::int64_t worker, ProcessEnd how = KilledBy{9});
  Step act(std::int64_t run, Action action);
  Step act_on_sweep(std::int64_t sweep, Action action, std::vector<RunState> states = {});

  // To a worker on each device that has said Hello and has what it was granted running.
  void start_all();
  // The daemon ends and starts again: what the store would load.
  void restart();

  Run& run(std::int64_t id) { return state.runs.at(RunId{id}); }
  RunState state_of_run(std::int64_t id) { return state_of(run(id).status); }
  Grant grant(std::int64_t id) { return {RunId{id}, run(id).fence}; }
  Worker& worker(std::int64_t id) { return state.workers.at(WorkerId{id}); }

  State state;
  TimePoint now{};
  ReactorOptions options;

 private:
  std::int64_t next_run_ = 1;
  std::map<std::int64_t, std::int64_t> seq_;
};

// The state that Store::load would give for what was stored of `state`.
State as_loaded(const State& state, TimePoint now, const ReactorOptions& options);

// What a worker says of a run that failed.
Failed failed(const Grant& grant, ErrorClass error_class);

}  // namespace sweetspot::daemon
