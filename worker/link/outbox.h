// What the worker has to say, and what of it the daemon has not acknowledged yet. No I/O, no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "schemas/worker_message.h"

namespace sweetspot::worker {

class Outbox {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // A grant is ours from its Start until the daemon has acknowledged how it ended, or calls it stale.
  void begin(const Grant& grant) { grants_.insert(grant); }
  bool has(const Grant& grant) const { return grants_.contains(grant); }
  std::vector<Grant> grants() const { return {grants_.begin(), grants_.end()}; }

  // Started, EpochDone, Done, Failed, Stopped: numbered, kept and sent again until acknowledged. What is said
  // of a grant that is not ours, or not any more, is dropped.
  void put(WorkerMessage message);
  // Of several between two takes only the newest of each grant and phase is sent: where a validation takes
  // milliseconds, it would hide the loss of every step.
  void put_progress(const Progress& progress);

  void acknowledge(std::int64_t seq);  // everything up to seq
  void drop(const Grant& grant);       // stale: nothing more of it, also not what waits

  void reconnected();  // everything kept is to be sent again; progress is forgotten
  std::vector<WorkerFrame> take(TimePoint now);

  static constexpr std::chrono::milliseconds kProgressPause{250};

 private:
  std::int64_t last_seq_ = 0;
  std::deque<WorkerFrame> kept_;  // by seq, not acknowledged
  std::int64_t sent_ = 0;         // up to this seq on this connection
  std::map<Grant, std::vector<Progress>> progress_;
  TimePoint next_progress_{};
  std::set<Grant> grants_;
};

// The grant a message speaks about; a default one for those that speak of none.
Grant grant_of(const WorkerMessage& message);
// Done, Failed and Stopped: nothing more is said of their grant.
bool ends_grant(const WorkerMessage& message);

}  // namespace sweetspot::worker
