// The writing side of the database: the one connection that writes, used by the loop's thread only.
// Every call is one transaction (BEGIN IMMEDIATE, synchronous=EXTRA) and writes the event rows of its changes.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/commands.h"
#include "daemon/core/effect.h"
#include "daemon/core/state.h"

namespace sweetspot::daemon {

// Where an attempt may write: <state>/runs/run_17/a42. Two attempts never share a directory.
inline std::filesystem::path attempt_directory(const std::filesystem::path& state, const Grant& grant) {
  return state / "runs" / to_string(grant.run) / ("a" + std::to_string(grant.fence.value));
}

class Store {
 public:
  // Opens or makes <directory>/sweetspot.db, takes the directory's lock (a second daemon is refused, naming
  // the first one's pid), migrates, checks integrity, begins a new epoch.
  static Result<Store> open(const std::filesystem::path& directory);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // Everything the reactor starts from. Held runs come back as Orphaned; `now` starts their grace. Of the
  // devices only those that were drained.
  Result<State> load(TimePoint now, std::chrono::seconds adoption_grace);
  // Workers that may still live, to be waited for or given up: id, device, pid, start time, boot id.
  struct KnownWorker {
    WorkerId id;
    std::string device;
    std::int64_t pid, start_time;
    std::string boot;
  };
  Result<std::vector<KnownWorker>> known_workers();

  // Stores sweep and runs, all or nothing, and the idempotent answer if asked; returns what the reactor adds.
  Result<SweepAdded> insert_sweep(const SubmitRequest& request);
  // Stores results that come from elsewhere as succeeded runs of a sweep with a source, all or nothing.
  // Codes: not_found, own_sweep (results are never mixed with own runs), normalizer_differs,
  // idempotency_conflict.
  Result<SweepAdded> insert_imported(const ImportRequest& request);
  Status edit_sweep(SweepId sweep, const SweepEdit& edit);
  Status edit_run(RunId run, const RunEdit& edit);
  Status remove_sweep(SweepId sweep);

  // One transaction for all of them. ResultStored verifies the utterances file first (count and SHA-256);
  // when that fails the others are committed, and the failed ones come back to become Failed{protocol}
  // events. An error means that nothing was committed; code superseded: another daemon has taken this
  // directory over, or it was deleted.
  struct Rejected {
    ResultStored change;
    Error error;
  };
  Result<std::vector<Rejected>> commit(std::span<const Change> changes);
  // What the last commit() waited for the disk.
  std::chrono::nanoseconds last_sync() const;

  Result<Cell> cell_of(RunId run);
  // The run's attempts before this one, the newest first, where a checkpoint may lie that it may go on from. A
  // dozen at most.
  Result<std::vector<Grant>> attempts_before(const Grant& grant);
  // The kept layers of the cells that need the same encoder, LLM and corpus as this run, in ascending order.
  Result<std::vector<int>> depths_beside(RunId run);
  const std::filesystem::path& directory() const;
  Status still_there() const;  // superseded: the database was deleted; what would be written is lost

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sweetspot::daemon
