// What the daemon decides with, in memory. Loaded from the store at start, changed by reactor.cc only.
// No clock, no socket, no file: time comes in with the events.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "daemon/core/run_queue.h"
#include "daemon/core/workload.h"
#include "schemas/ids.h"
#include "schemas/run_state.h"
#include "schemas/worker_message.h"

namespace sweetspot::daemon {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

// The states of schemas/run_state.h, each with exactly the data that is true in it.
struct Queued {};
struct Leased {
  WorkerId worker;
};
struct Running {
  WorkerId worker;
};
struct RetryWait {
  TimePoint until;
};
struct Paused {};
struct Orphaned {
  WorkerId worker;
  TimePoint deadline;
};
struct Succeeded {};
struct FailedRun {};
struct Quarantined {};
struct Cancelled {};
using RunStatus = std::variant<Queued, Leased, Running, RetryWait, Paused, Orphaned, Succeeded, FailedRun,
                               Quarantined, Cancelled>;
RunState state_of(const RunStatus& status);
std::optional<WorkerId> holder_of(const RunStatus& status);

// Failures in a row that count against the retry limit, by what failed.
struct Strikes {
  int infrastructure = 0, out_of_memory = 0, protocol = 0;
  bool operator==(const Strikes&) const = default;
};

struct Run {
  RunId id;
  SweepId sweep;
  std::int64_t position = 0;
  WorkloadPtr workload = kNoWorkload;
  RunStatus status = Queued{};
  Reason reason;
  Fence fence;         // of the newest grant
  Fence scratch;       // checkpoints of attempts up to this one are not gone on from
  int attempt = 0;     // attempts begun
  Strikes strikes;
  int epochs = 0;      // the most that an attempt has finished
  std::string device;  // of the newest attempt
};

struct Sweep {
  SweepId id;
  int priority = 0;
  bool paused = false;
};

// A worker process as the daemon knows it.
struct Worker {
  WorkerId id;
  std::string device;
  bool connected = false;
  std::map<RunId, Fence> runs;  // granted to it and not over yet; still here while a cancelled run winds down
  std::string warm;             // affinity of what it did last: its encoder, LLM and features are in memory
  TimePoint last_heard;         // or launched
  TimePoint idle_since;
  TimePoint progressed;   // with what it was granted
  bool greeted = false;   // said Hello at least once
  bool stopping = false;  // told to exit, being killed, or about to end by itself
  bool stalled = false;   // is being killed because it beat without getting anywhere
};

struct Device {
  std::string name;      // "cpu:0", "cuda:1"
  bool drained = false;  // gets no new runs
  std::optional<std::int64_t> memory = std::nullopt;  // bytes for its worker; not known of every GPU
  std::optional<WorkerId> worker;
  int failed_launches = 0;  // in a row
  TimePoint next_launch;    // not before
  std::string problem;      // why its last worker ended before it was ready; empty: it was
};

struct State {
  std::map<SweepId, Sweep> sweeps;
  std::map<RunId, Run> runs;
  std::map<WorkerId, Worker> workers;
  std::map<std::string, Device> devices;
  Fence last_fence;
  WorkerId last_worker;
  bool shutting_down = false;  // no new grants
  TimePoint last_tick;
  // Kept by set_status and reindex:
  RunQueue queue;         // queued runs of sweeps that are not paused
  std::set<RunId> timed;  // in retry_wait or orphaned: a tick may end that
};

// The only way a run changes state: refuses what run_transitions() does not list (std::logic_error), and
// keeps what is kept. `index` takes in a run that has come; `reindex` puts all queued runs of a sweep in or
// out of the queue after its priority or pause changed.
void set_status(State& state, Run& run, RunStatus status);
void index(State& state, const Run& run);
void reindex(State& state, const Sweep& sweep);

// Throws std::logic_error naming the broken invariant; called after every step in tests.
void check_invariants(const State& state);

}  // namespace sweetspot::daemon
