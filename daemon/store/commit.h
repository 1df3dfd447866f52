// The reactor's changes -> rows, inside a transaction that the caller owns.
#pragma once

#include <filesystem>
#include <set>
#include <vector>

#include "daemon/core/effect.h"
#include "daemon/store/sqlite.h"
#include "daemon/store/store.h"

namespace sweetspot::daemon {

// The test split of a run, in order.
Status insert_utterances(Database& database, RunId run, const std::vector<UtteranceResult>& utterances);

class Commit {
 public:
  Commit(Database& database, const std::filesystem::path& directory)
      : database_(database), directory_(directory) {}

  // Stops at the first error, which undoes all of them.
  Status apply(std::span<const Change> changes);

  std::vector<Store::Rejected> rejected;  // results that did not verify; their rows are untouched

 private:
  Status write(const RunChanged& change);
  Status write(const AttemptBegan& change);
  Status write(const AttemptEnded& change);
  Status write(const ProgressMade& change);
  Status write(const EpochStored& change);
  Status write(const ResultStored& change);
  Status write(const SweepChanged& change);
  Status write(const WorkerChanged& change);
  Status write(const DeviceChanged& change);

  Status write_metrics(const Progress& progress);
  Status write_result(const ResultStored& change);

  Database& database_;
  const std::filesystem::path& directory_;
  std::set<RunId> touched_;  // one event each, at the end, when the row is complete
};

}  // namespace sweetspot::daemon
