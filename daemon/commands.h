// What an HTTP handler may ask of the daemon. Each call may come from any thread, is carried out on the
// loop's thread, and returns after the change is committed. Handlers read through store/queries.h instead.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/effect.h"
#include "daemon/core/event.h"
#include "daemon/core/grid.h"
#include "daemon/core/imported.h"
#include "schemas/result.h"
#include "schemas/sweep.h"

namespace sweetspot::daemon {

// An answer kept under an Idempotency-Key in the same transaction as its effect, to be given again as it was.
struct Idempotency {
  std::string key, fingerprint;  // SHA-256 of method, path and body
};

struct SubmitRequest {
  SweepSpec spec;
  std::string document;         // as submitted, JSON
  std::vector<GridCell> cells;  // daemon/core/grid.h
  std::optional<Idempotency> idempotency;
};

struct ImportRequest {
  ImportedResults results;
  std::optional<Idempotency> idempotency;
};

// The editable fields of a sweep; absent ones stay as they are.
struct SweepEdit {
  std::optional<std::string> name, note;
  std::optional<std::string> tags;  // JSON array of text
  std::optional<int> priority;
  std::optional<std::int64_t> if_revision;  // from If-Match; another revision in the store is a conflict
};

// Of a run: the same.
struct RunEdit {
  std::optional<std::string> note, tags;
};

class Commands {
 public:
  virtual ~Commands() = default;
  virtual Result<SweepId> submit(SubmitRequest request) = 0;
  virtual Result<SweepId> import_results(ImportRequest request) = 0;  // codes: not_found, own_sweep
  virtual Status edit_sweep(SweepId sweep, SweepEdit edit) = 0;       // codes: not_found, revision_conflict
  virtual Status remove_sweep(SweepId sweep) = 0;                     // codes: not_found, sweep_active
  virtual Result<std::vector<RunOutcome>> act_on_sweep(SweepId sweep, Action action,
                                                       std::vector<RunState> states) = 0;
  virtual Result<RunOutcome> act_on_run(RunId run, Action action) = 0;
  virtual Status edit_run(RunId run, RunEdit edit) = 0;  // codes: not_found
  virtual Status act_on_device(std::string device, Action action) = 0;
};

}  // namespace sweetspot::daemon
