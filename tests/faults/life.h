// The daemon's decisions and its real database without sockets: the reactor, the store and one worker process
// that obeys the protocol, outlives the daemon and says everything again until it is acknowledged. The clock
// is virtual.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "daemon/core/reactor.h"
#include "daemon/store/store.h"

namespace sweetspot::faults {

// The process; it goes on when the daemon dies.
struct WorkerProcess {
  WorkerId id;
  bool connected = false;
  struct Job {
    Assignment assignment;
    int told = 0;  // Started, one EpochDone each, Done
  };
  std::deque<Job> pack;  // whose turn it is stands first
  std::int64_t seq = 0;
  std::deque<WorkerFrame> kept;  // not acknowledged

  void drop(const Grant& grant);
};

class Life {
 public:
  static constexpr int kEpochs = 2, kRuns = 3;

  explicit Life(std::filesystem::path state) : state_directory_(std::move(state)) {}

  // Opens the database and takes over what is there. False: an error, which last_error() tells.
  bool start();
  bool submit();
  // Until every run has ended, or an error.
  bool finish();
  void die() { store_.reset(), events_.clear(), worker_connected(false); }  // the daemon; the worker lives on
  void kill_worker() { worker_.reset(); }

  std::size_t largest_pack() const { return largest_pack_; }
  const Error& last_error() const { return error_; }
  void retry() { retrying_ = true; }  // commits that find the disk full are tried again, after `on_full`
  std::function<void()> on_full = [] {};
  std::function<void()> on_commit = [] {};  // after each one that was answered

 private:
  bool step(const daemon::Event& event);
  bool commit(const std::vector<daemon::Change>& changes);
  void perform(const daemon::Act& action);
  bool let_worker_speak();
  bool over() const;
  void worker_connected(bool connected) {
    if (worker_) worker_->connected = connected;
  }
  WorkerMessage next_message();

  std::filesystem::path state_directory_;
  std::optional<daemon::Store> store_;
  daemon::State state_;
  daemon::ReactorOptions options_{.infrastructure_strikes = 100};
  daemon::TimePoint now_{std::chrono::hours(1)};
  std::optional<WorkerProcess> worker_;
  std::deque<daemon::Event> events_;
  Error error_;
  bool retrying_ = false;
  std::size_t largest_pack_ = 0;
};

// How a life must have ended: each run succeeded, with its result and all its utterances, and the database
// whole. Empty, or what is wrong.
std::string what_is_wrong(const std::filesystem::path& state, int runs);
// Sequence number of the newest event.
std::int64_t newest_event(const std::filesystem::path& state);

}  // namespace sweetspot::faults
