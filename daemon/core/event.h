// Everything that can happen to the daemon.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/state.h"

namespace sweetspot::daemon {

// A sweep was stored; its runs are queued.
struct SweepAdded {
  Sweep sweep;
  std::vector<Run> runs;
};

enum class Action { pause, resume, cancel, retry, restart };  // restart: retry without its checkpoints
// `states` narrows retry and restart to runs in those states; empty: failed, quarantined and cancelled.
// Of a large sweep it is done in portions: `most` of its runs, those after `after`.
struct SweepAction {
  SweepId sweep;
  Action action;
  std::vector<RunState> states;
  RunId after = {};
  std::size_t most = std::numeric_limits<std::size_t>::max();
};
struct RunAction {
  RunId run;
  Action action;
};  // cancel, retry or restart
struct SweepPriority {
  SweepId sweep;
  int priority;
};
struct SweepRemoved {
  SweepId sweep;
};  // only once no worker holds a run of it

struct DeviceAction {
  std::string device;
  Action action;
};  // pause: drain; resume

struct WorkerConnected {
  Hello hello;
};
struct WorkerSaid {
  WorkerId worker;
  WorkerFrame frame;
};
struct WorkerDisconnected {
  WorkerId worker;
};

// How a process ended, told apart because people mend each differently.
struct ExitedWith {
  int code;
};
struct KilledBy {
  int signal;
};
struct CouldNotStart {
  Error error;
};
using ProcessEnd = std::variant<ExitedWith, KilledBy, CouldNotStart>;
struct WorkerEnded {
  WorkerId worker;
  ProcessEnd end;
};

// What a worker declared of its result did not hold: nothing of it was stored.
struct ResultRejected {
  WorkerId worker;
  Grant grant;
  Error error;
};

struct Tick {};      // about once a second: timers are looked at
struct ShutDown {};  // no new grants; workers go on and are adopted by the next daemon

using Event = std::variant<SweepAdded, SweepAction, RunAction, SweepPriority, SweepRemoved, DeviceAction,
                           WorkerConnected, WorkerSaid, WorkerDisconnected, WorkerEnded, ResultRejected, Tick,
                           ShutDown>;

}  // namespace sweetspot::daemon
