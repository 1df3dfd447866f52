// What the reactor wants done. Changes are committed first, in one transaction with their event rows; only
// then are actions carried out, in order.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/state.h"

namespace sweetspot::daemon {

// --- durable ---
// The run's row takes the state, reason, fence, attempt, strikes and device given here.
struct RunChanged {
  Run run;
};
struct AttemptBegan {
  Grant grant;
  int number;
  WorkerId worker;
  std::string device;
};
struct AttemptEnded {
  Fence fence;
  std::string outcome, reason;
};
struct ProgressMade {
  Progress progress;
};
struct EpochStored {
  EpochDone epoch;
};
// Verify the declared utterances file, then store result, utterances and artifacts and mark the run
// succeeded, all or nothing. What does not verify comes back as the event ResultRejected.
struct ResultStored {
  WorkerId worker;
  std::int64_t seq;
  Done done;
  Run run;
};
struct SweepChanged {
  Sweep sweep;
};
struct WorkerChanged {
  Worker worker;
  std::string state;
  Hello hello;
};  // state: starting, idle, busy, lost, gone
struct DeviceChanged {
  Device device;
};
using Change = std::variant<RunChanged, AttemptBegan, AttemptEnded, ProgressMade, EpochStored, ResultStored,
                            SweepChanged, WorkerChanged, DeviceChanged>;

// --- outward, after the commit ---
struct LaunchWorker {
  WorkerId worker;
  std::string device;
};
struct StartPack {
  WorkerId worker;
  std::vector<Grant> pack;
};  // the loop adds the cells
struct Send {
  WorkerId worker;
  DaemonMessage message;
};
struct KillWorker {
  WorkerId worker;
  std::string why;
};  // SIGTERM, grace, SIGKILL to its group
struct RefuseWorker {
  WorkerId worker;
  std::string why;
};  // Exit{why} to the newcomer of this Hello, then close
using Act = std::variant<LaunchWorker, StartPack, Send, KillWorker, RefuseWorker>;

// What an action asked for one run came to.
struct RunOutcome {
  RunId run;
  bool changed;
  std::string why_not;
};

struct Effects {
  std::vector<Change> changes;
  std::vector<Act> actions;
  std::vector<RunOutcome> outcomes;  // of a SweepAction or RunAction
  std::optional<RunId> done_up_to;   // of a SweepAction that was a portion: more runs follow this one
};

}  // namespace sweetspot::daemon
