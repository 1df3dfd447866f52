#include "daemon/store/commit.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "daemon/store/event_log.h"
#include "schemas/process_identity.h"

namespace sweetspot::daemon {
namespace {

// Metrics keep about this many points a run, evenly over its steps.
constexpr std::int64_t kCurvePoints = 500;

std::optional<double> finite(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

nlohmann::json or_null(std::optional<double> value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

}  // namespace

Status Commit::apply(std::span<const Change> changes) {
  for (const Change& change : changes) {
    if (Status written = std::visit([&](const auto& c) { return write(c); }, change); !written)
      return written;
  }
  for (RunId run : touched_) {
    if (Status recorded = record_run(database_, run); !recorded) return recorded;
  }
  return success();
}

// A fence in the database that is newer than the reactor's means that the two have parted: nothing may be
// written.
Status Commit::write(const RunChanged& change) {
  const Run& run = change.run;
  Status written = database_.run(
      "UPDATE run SET state = ?, reason_code = ?, reason = ?, hint = ?, fence = ?, attempt = ?, strikes = ?,"
      " memory_strikes = ?, protocol_strikes = ?,"
      " device = ?, scratch_fence = ?, revision = revision + 1 WHERE id = ? AND fence <= ?",
      to_string(state_of(run.status)), run.reason.code, run.reason.text, run.reason.hint, run.fence,
      run.attempt, run.strikes.infrastructure, run.strikes.out_of_memory, run.strikes.protocol, run.device,
      run.scratch, run.id, run.fence);
  if (!written) return written;
  if (database_.changes() == 0) {
    return Error{"stale_fence",
                 fmt::format("{} is gone or was granted after {}", to_string(run.id), to_string(run.fence)),
                 "restart the daemon: it reads the state anew"};
  }
  touched_.insert(run.id);
  return success();
}

Status Commit::write(const AttemptBegan& change) {
  const auto now = utc_now();
  touched_.insert(change.grant.run);
  Status written = database_.run(
      "INSERT INTO attempt (fence, run, number, worker, device, started_at) VALUES (?, ?, ?, ?, ?, ?)",
      change.grant.fence, change.grant.run, change.number, change.worker, change.device, now);
  if (written) {
    written =
        database_.run("UPDATE meta SET value = max(value, ?) WHERE key = 'last_fence'", change.grant.fence);
  }
  if (!written) return written;
  return database_.run(
      "UPDATE run SET started_at = ?, ended_at = NULL, phase = '', step = 0, steps = 0, epoch = 0, val_wer = "
      "NULL"
      " WHERE id = ?",
      now, change.grant.run);
}

Status Commit::write(const AttemptEnded& change) {
  const auto now = utc_now();
  Status written = database_.run(
      "UPDATE attempt SET ended_at = ?, outcome = ?, reason = ? WHERE fence = ? AND ended_at IS NULL", now,
      change.outcome, change.reason, change.fence);
  if (!written) return written;
  return database_.each(
      "UPDATE run SET ended_at = ?1, phase = '' WHERE id = (SELECT run FROM attempt WHERE fence = ?2)"
      " AND fence = ?2 RETURNING id",
      [&](const Row& row) { touched_.insert(row.get<RunId>(0)); }, now, change.fence);
}

Status Commit::write(const ProgressMade& change) {
  const Progress& progress = change.progress;
  if (Status metrics = write_metrics(progress); !metrics) return metrics;
  const auto [run, fence] = progress.grant;
  Status updated = database_.run("UPDATE run SET phase = ?, step = ?, steps = ? WHERE id = ? AND fence = ?",
                                 progress.phase, progress.step, progress.steps, run, fence);
  if (!updated || database_.changes() == 0) return updated;
  auto sweep = database_.one<SweepId>("SELECT sweep FROM run WHERE id = ?", run);
  if (!sweep) return sweep.error();
  // Only the newest progress is worth replaying; a sweep of days would otherwise fill the table with it.
  Status replaced = database_.run("DELETE FROM event WHERE run = ? AND type = 'progress'", run);
  if (!replaced) return replaced;
  const auto training = progress.phase == "training";
  return record_event(database_, {.type = "progress", .sweep = *sweep, .run = run},
                      {{"id", to_string(run)},
                       {"sweep", to_string(sweep->value())},
                       {"phase", progress.phase},
                       {"step", progress.step},
                       {"steps", progress.steps},
                       {"loss", or_null(training ? finite(progress.loss) : std::nullopt)},
                       {"lr", or_null(training ? finite(progress.lr) : std::nullopt)}});
}

// Reads the run's row before write() moves its step on: a point is kept when it is the first of its share of
// steps.
Status Commit::write_metrics(const Progress& progress) {
  if (progress.phase != "training") return success();
  const auto [run, fence] = progress.grant;
  const auto share = std::max<std::int64_t>(1, progress.steps / kCurvePoints);
  auto previous = database_.one<std::int64_t>(
      "SELECT iif(phase = 'training', step / ?, -1) FROM run WHERE id = ? AND fence = ?", share, run, fence);
  if (!previous) return previous.error();
  if (!*previous || **previous == progress.step / share) return success();
  const auto write_point = [&, run = run, fence = fence](const char* name, std::int64_t step, double value) {
    return database_.run(
        "INSERT OR IGNORE INTO metric (run, fence, name, step, value) VALUES (?, ?, ?, ?, ?)", run, fence, name,
        step, finite(value));
  };
  Status written = write_point("loss", progress.step, progress.loss);
  if (written) written = write_point("lr", progress.step, progress.lr);
  if (written && progress.gradient_norm)  // is known a step later
    written = write_point("gradient_norm", progress.step - 1, *progress.gradient_norm);
  return written;
}

Status Commit::write(const EpochStored& change) {
  const auto [run, fence] = change.epoch.grant;
  const EpochMetrics& epoch = change.epoch.metrics;
  const auto validation_wer = finite(epoch.validation_wer);
  Status stored = database_.run(
      "INSERT OR IGNORE INTO epoch (run, fence, epoch, step, train_loss, lr, val_wer, seconds, best)"
      " SELECT id, fence, ?, ?, ?, ?, ?, ?, ? FROM run WHERE id = ? AND fence = ?",
      epoch.epoch, epoch.step, finite(epoch.train_loss), finite(epoch.lr), validation_wer,
      finite(epoch.seconds).value_or(0), epoch.best, run, fence);
  if (!stored || database_.changes() == 0) return stored;  // an old grant, or the same message again
  Status updated =
      database_.run("UPDATE run SET epoch = ?, val_wer = iif(? OR val_wer IS NULL, ?, val_wer) WHERE id = ?",
                    epoch.epoch, epoch.best, validation_wer, run);
  if (!updated) return updated;
  auto sweep = database_.one<SweepId>("SELECT sweep FROM run WHERE id = ?", run);
  if (!sweep) return sweep.error();
  return record_event(database_, {.type = "epoch", .sweep = *sweep, .run = run},
                      {{"id", to_string(run)},
                       {"sweep", to_string(sweep->value())},
                       {"epoch", epoch.epoch},
                       {"step", epoch.step},
                       {"train_loss", or_null(finite(epoch.train_loss))},
                       {"lr", or_null(finite(epoch.lr))},
                       {"val_wer", or_null(validation_wer)},
                       {"seconds", or_null(finite(epoch.seconds))},
                       {"best", epoch.best}});
}

Status Commit::write(const SweepChanged& change) {
  const Sweep& sweep = change.sweep;
  Status written =
      database_.run("UPDATE sweep SET priority = ?, paused = ?, revision = revision + 1 WHERE id = ?",
                    sweep.priority, sweep.paused, sweep.id);
  return written ? record_sweep(database_, sweep.id) : written;
}

Status Commit::write(const WorkerChanged& change) {
  const Worker& worker = change.worker;
  const Hello& hello = change.hello;
  const auto now = utc_now();
  const std::string boot = hello.pid ? boot_id() : "";
  Status written = database_.run(
      "INSERT INTO worker (id, device, pid, start_time, boot, build, state, started_at) VALUES (?, ?, ?, ?, "
      "?, ?, ?, ?)"
      " ON CONFLICT (id) DO UPDATE SET state = excluded.state, pid = iif(excluded.pid, excluded.pid, pid),"
      " start_time = iif(excluded.pid, excluded.start_time, start_time),"
      " boot = iif(excluded.pid, excluded.boot, boot), build = iif(excluded.pid, excluded.build, build)",
      worker.id, worker.device, hello.pid, hello.start_time, boot, hello.build, change.state, now);
  if (written && change.state == "gone") {
    written =
        database_.run("UPDATE worker SET ended_at = ? WHERE id = ? AND ended_at IS NULL", now, worker.id);
  }
  if (!written) return written;
  return database_.run(R"(
    INSERT INTO event (at, type, data)
    SELECT ?, 'worker', json_object('id', 'wk_' || id, 'device', device, 'pid', pid, 'state', state, 'build', build,
                                    'started_at', started_at, 'ended_at', ended_at)
    FROM worker WHERE id = ?)",
                       now, worker.id);
}

Status Commit::write(const DeviceChanged& change) {
  const Device& device = change.device;
  Status written = database_.run(
      "INSERT INTO device (name, drained, problem) VALUES (?, ?, ?)"
      " ON CONFLICT (name) DO UPDATE SET drained = excluded.drained, problem = excluded.problem",
      device.name, device.drained, device.problem);
  if (!written) return written;
  nlohmann::json worker = device.worker ? nlohmann::json(to_string(*device.worker)) : nlohmann::json();
  return record_event(database_, {.type = "device"},
                      {{"name", device.name},
                       {"drained", device.drained},
                       {"problem", device.problem},
                       {"worker", std::move(worker)}});
}

}  // namespace sweetspot::daemon
