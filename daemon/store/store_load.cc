// What the reactor begins with: everything at start, and each sweep that is added.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "daemon/store/cell_rows.h"
#include "daemon/store/event_log.h"
#include "daemon/store/idempotency.h"
#include "daemon/store/store_impl.h"
#include "daemon/store/workload_rows.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace {

constexpr std::chrono::milliseconds kLoopsPatience{100};

// A grant outlives the daemon that made it: the worker may still be at it.
Status orphan_held_runs(Database& database) {
  auto held = database.all<RunId>("SELECT id FROM run WHERE state IN ('leased', 'running')");
  if (!held) return held.error();
  for (RunId run : *held) {
    Status written =
        database.run("UPDATE run SET state = 'orphaned', revision = revision + 1 WHERE id = ?", run);
    if (written) written = record_run(database, run);
    if (!written) return written;
  }
  return success();
}

RunStatus status_of(RunState state, WorkerId worker, TimePoint now, TimePoint deadline) {
  switch (state) {
    case RunState::queued:
      return Queued{};
    case RunState::leased:
    case RunState::running:
    case RunState::orphaned:
      return Orphaned{worker, deadline};
    case RunState::retry_wait:
      return RetryWait{now};  // the wait is over: a restart took its time
    case RunState::paused:
      return Paused{};
    case RunState::succeeded:
      return Succeeded{};
    case RunState::failed:
      return FailedRun{};
    case RunState::quarantined:
      return Quarantined{};
    case RunState::cancelled:
      return Cancelled{};
  }
  return Quarantined{};
}

Status load_sweeps(Database& database, State& state) {
  return database.each("SELECT id, priority, paused FROM sweep", [&](const Row& row) {
    const auto id = row.get<SweepId>(0);
    state.sweeps[id] = {.id = id, .priority = row.get<int>(1), .paused = row.get<bool>(2)};
  });
}

Status load_runs(Database& database, State& state, TimePoint now, TimePoint deadline) {
  const auto workloads = load_workloads(database);
  if (!workloads) return workloads.error();
  return database.each(
      "SELECT run.id, sweep, position, workload, state, reason_code, run.reason, hint, run.fence, "
      "run.attempt,"
      " strikes, run.device, attempt.worker, memory_strikes, protocol_strikes,"
      " scratch_fence, (SELECT coalesce(max(epoch.epoch), 0) FROM epoch WHERE epoch.run = run.id) FROM run "
      "LEFT JOIN "
      "attempt ON attempt.fence = run.fence",
      [&](const Row& row) {
        const auto id = row.get<RunId>(0);
        const RunState stored = parse_run_state(row.get<std::string_view>(4)).value();
        state.runs[id] = {
            .id = id,
            .sweep = row.get<SweepId>(1),
            .position = row.get<std::int64_t>(2),
            .workload = workloads->at(row.get<std::int64_t>(3)),
            .status = status_of(stored, row.get<WorkerId>(12), now, deadline),
            .reason = {row.get<std::string>(5), row.get<std::string>(6), row.get<std::string>(7)},
            .fence = row.get<Fence>(8),
            .scratch = row.get<Fence>(15),
            .attempt = row.get<int>(9),
            .strikes = {row.get<int>(10), row.get<int>(13), row.get<int>(14)},
            .epochs = row.get<int>(16),
            .device = row.get<std::string>(11),
        };
      });
}

Status load_workers(Database& database, State& state, TimePoint now) {
  // Which devices there are is said at each start; only that one was drained is remembered.
  Status loaded = database.run("UPDATE device SET problem = ''");
  if (!loaded) return loaded;
  loaded = database.each("SELECT name FROM device WHERE drained", [&](const Row& row) {
    const auto name = row.get<std::string>(0);
    state.devices[name] = {.name = name, .drained = true, .worker = {}, .next_launch = now, .problem = {}};
  });
  if (!loaded) return loaded;
  return database.each("SELECT id, device FROM worker WHERE state <> 'gone'", [&](const Row& row) {
    const auto id = row.get<WorkerId>(0);
    state.workers[id] = {
        .id = id, .device = row.get<std::string>(1), .last_heard = now, .idle_since = now, .progressed = now};
  });
}

// What follows from the rows: the queue, who holds what, which worker is on which device.
void index_all(State& state) {
  for (const auto& [id, run] : state.runs) {
    index(state, run);
    const auto holder = holder_of(run.status);
    if (holder && state.workers.contains(*holder)) state.workers[*holder].runs[id] = run.fence;
  }
  for (const auto& [id, worker] : state.workers) {
    if (const auto device = state.devices.find(worker.device); device != state.devices.end()) {
      device->second.worker = id;
    }
  }
}

Result<SweepId> insert_sweep_row(Database& database, const SubmitRequest& request) {
  Status stored = database.run("INSERT INTO sweep (name, spec, priority, created_at) VALUES (?, ?, ?, ?)",
                               request.spec.name, request.document, request.spec.priority, utc_now());
  if (!stored) return stored.error();
  return SweepId{database.last_insert_id()};
}

constexpr std::string_view kInsertRun =
    "INSERT INTO run (sweep, position, cell_hash, cell, base, workload, encoder, layers, language, lora, seed, settings)"
    " VALUES (?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?)";

Result<SweepAdded> insert_grid(Database& database, const SubmitRequest& request) {
  auto sweep = insert_sweep_row(database, request);
  if (!sweep) return sweep.error();
  SweepAdded added{{.id = *sweep, .priority = request.spec.priority}, {}};
  added.runs.reserve(request.cells.size());
  WorkloadRows workloads(database);
  CellBases bases(database, *sweep);
  auto insert = database.prepare(kInsertRun);
  if (!insert) return insert.error();
  for (const GridCell& point : request.cells) {
    const auto workload = workloads.id_of(point.workload);
    if (!workload) return workload.error();
    const auto base = bases.number_of(point.base);
    if (!base) return base.error();
    const auto position = std::int64_t(added.runs.size());
    const Cell& cell = *point.base;
    Status stored = insert
                        ->bind(*sweep, position, point.hash, *base, *workload, model_label(cell.encoder),
                               cell.layers, cell.language, cell.lora.has_value(), point.seed,
                               dump_json(*point.settings))
                        .run();
    if (!stored) return stored.error();
    added.runs.push_back({.id = RunId{database.last_insert_id()},
                          .sweep = *sweep,
                          .position = position,
                          .workload = point.workload});
  }
  return added;
}

}  // namespace

Result<State> Store::load(TimePoint now, std::chrono::seconds adoption_grace) {
  auto transaction = impl_->begin();
  if (!transaction) return transaction.error();
  Database& database = impl_->database;
  State state;
  Status loaded = orphan_held_runs(database);
  if (loaded) loaded = load_sweeps(database, state);
  if (loaded) loaded = load_runs(database, state, now, now + adoption_grace);
  if (loaded) loaded = load_workers(database, state, now);
  if (!loaded) return loaded.error();
  index_all(state);
  auto last_fence = database.one<Fence>("SELECT value FROM meta WHERE key = 'last_fence'");
  if (!last_fence) return last_fence.error();
  auto last_worker = database.one<WorkerId>("SELECT coalesce(max(id), 0) FROM worker");
  if (!last_worker) return last_worker.error();
  state.last_fence = last_fence->value_or(Fence{});
  state.last_worker = last_worker->value_or(WorkerId{});
  if (Status committed = transaction->commit(); !committed) return committed.error();
  database.wait_for_locks(kLoopsPatience);  // the loop that writes from here on has others to hear
  return state;
}

Result<std::vector<Store::KnownWorker>> Store::known_workers() {
  std::vector<KnownWorker> workers;
  Status read = impl_->database.each(
      "SELECT id, device, pid, start_time, boot FROM worker WHERE state <> 'gone'", [&](const Row& row) {
        workers.push_back({row.get<WorkerId>(0), row.get<std::string>(1), row.get<std::int64_t>(2),
                           row.get<std::int64_t>(3), row.get<std::string>(4)});
      });
  if (!read) return read.error();
  return workers;
}

Result<SweepAdded> Store::insert_sweep(const SubmitRequest& request) {
  Database& database = impl_->database;
  return add_once(database, impl_->begin(), request.idempotency,
                  [&] { return insert_grid(database, request); });
}

}  // namespace sweetspot::daemon
