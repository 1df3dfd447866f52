// The daemon's loop: events -> reactor -> store -> actions -> subscribers. Nothing is done and nothing is
// shown that is not stored first.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/asio.h"
#include "daemon/commands.h"
#include "daemon/core/devices.h"
#include "daemon/core/reactor.h"
#include "daemon/store/store.h"
#include "daemon/supervise/supervisor.h"

namespace sweetspot::daemon {

struct DaemonOptions {
  std::vector<DeviceSpec> devices;
  ReactorOptions reactor;
  SupervisorOptions supervisor;
  // The database failed in the middle of a change, so what is stored is not known. Does not return.
  std::function<void()> begin_anew = [] { std::_Exit(5); };
};

class Daemon : public Commands {
 public:
  Daemon(asio::io_context& loop, Store store, DaemonOptions options);

  // Loads the state, opens the workers' socket, waits for the workers of an earlier daemon. `committed` is
  // called after each commit, for those who follow the event table.
  Status start(std::function<void()> committed);
  // No new grants; idle workers are told to exit, busy ones go on for the next daemon. Returns how many those
  // are.
  std::size_t drain();
  void stop();  // closes the socket; commands answer "stopping" from now on

  // Any thread.
  Result<SweepId> submit(SubmitRequest request) override;
  Result<SweepId> import_results(ImportRequest request) override;
  Status edit_sweep(SweepId sweep, SweepEdit edit) override;
  Status remove_sweep(SweepId sweep) override;
  Result<std::vector<RunOutcome>> act_on_sweep(SweepId sweep, Action action,
                                               std::vector<RunState> states) override;
  Result<RunOutcome> act_on_run(RunId run, Action action) override;
  Status edit_run(RunId run, RunEdit edit) override;
  Status act_on_device(std::string device, Action action) override;

 private:
  template <class R>
  R on_loop(std::function<R()> work);
  template <class R>
  R wait_for(std::future<R> answer);
  Result<SweepId> take_up(Result<SweepAdded> added);

  using Outcomes = Result<std::vector<RunOutcome>>;
  struct SweepWork {
    SweepAction left;  // begins after the portions that are stored
    std::vector<RunOutcome> outcomes;
    std::promise<Outcomes> answer;
  };
  void go_on_with_sweeps();
  std::optional<Outcomes> do_portion(SweepWork& work);

  void post(Event event);
  void take_in_company();
  void take_pending();
  Effects apply(std::span<const Event> events);
  bool commit(std::span<const Change> changes);
  void hold(std::vector<Change> changes, const Error& why);
  void begin_anew_after(const Error& error);
  bool succeeded(RunId run) const;
  void remove_checkpoints(RunId run);
  void commit_progress_soon();
  void perform(const Act& action);
  void start_pack(const StartPack& start);
  void add_devices();
  const std::vector<int>& depths_beside(RunId run);
  void adopt_workers(const std::vector<Store::KnownWorker>& known);
  void tick();

  // Constant after construction.
  asio::io_context& loop_;
  const DaemonOptions options_;

  // The loop's thread only.
  Store store_;
  State state_;
  std::map<std::pair<SweepId, std::string>, std::vector<int>> depths_;  // of cells of one affinity
  Supervisor supervisor_;
  std::deque<Event> pending_;
  std::deque<std::shared_ptr<SweepWork>> sweep_work_;  // commands that concern whole sweeps, in order
  std::vector<Change> progress_;                       // waits for the next commit, at most 100 ms
  std::optional<Error> held_;                          // why what was decided last is not stored yet
  std::vector<Act> held_actions_;                      // to be carried out once it is
  std::int64_t ticks_ = 0;
  bool taking_ = false;  // pending_, in the loop's next lap but one
  asio::steady_timer tick_timer_, progress_timer_, company_timer_, hold_timer_;
  std::function<void()> committed_ = [] {};

  // Any thread.
  std::atomic<bool> stopped_ = false;
};

}  // namespace sweetspot::daemon
