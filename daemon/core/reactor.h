// Every decision of the daemon: (State, Event, now) -> State changed in place, and the Effects wanted.
#pragma once

#include "daemon/core/effect.h"
#include "daemon/core/event.h"
#include "daemon/core/state.h"

namespace sweetspot::daemon {

struct ReactorOptions {
  std::chrono::seconds heartbeat_timeout{15};
  std::chrono::seconds adoption_grace{30};        // for workers to come back after a restart of the daemon
  std::chrono::seconds launch_timeout{120};       // from spawn to Hello
  std::chrono::seconds stall_timeout{1800};       // a worker that beats and gets nowhere is ended
  std::chrono::seconds idle_timeout{60};          // a worker with nothing to do gives its memory back
  std::chrono::milliseconds retry_backoff{5000};  // doubled with each strike, at most 10 minutes
  std::size_t pack = 16;                          // runs that one worker gets at a time, at most
  int infrastructure_strikes = 5;
  int protocol_strikes = 2;
  int out_of_memory_strikes = 2;
};

Effects react(State& state, const Event& event, TimePoint now, const ReactorOptions& options = {});

}  // namespace sweetspot::daemon
