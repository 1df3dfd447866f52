#include "daemon/store/store.h"

#include <fmt/format.h>

#include "daemon/store/cell_rows.h"
#include "daemon/store/commit.h"
#include "daemon/store/event_log.h"
#include "daemon/store/migrations.h"
#include "daemon/store/store_impl.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;
namespace {

Status make_private_directory(const fs::path& directory) {
  std::error_code failed;
  const bool made = fs::create_directories(directory, failed);
  if (made) fs::permissions(directory, fs::perms::owner_all, failed);
  if (!failed) return success();
  return Error{"state_unwritable", fmt::format("cannot make {}: {}", directory.string(), failed.message()),
               "choose another --state directory"};
}

Status check_integrity(Database& database) {
  auto findings = database.all<std::string>("PRAGMA quick_check(1)");
  if (!findings) return findings.error();
  if (findings->size() == 1 && findings->front() == "ok") return success();
  return Error{
      "database_corrupt",
      fmt::format("the database is damaged: {}", findings->empty() ? "no answer" : findings->front()),
      "restore the state directory from a backup, or start with another --state directory"};
}

Result<std::int64_t> begin_epoch(Database& database) {
  auto epoch =
      database.one<std::int64_t>("UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value");
  return epoch ? Result<std::int64_t>(epoch->value_or(0)) : epoch.error();
}

Status not_found(SweepId sweep) {
  return Error{"not_found", fmt::format("there is no sweep {}", to_string(sweep)),
               "list them with: sweetspot status"};
}

}  // namespace

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

const fs::path& Store::directory() const { return impl_->directory; }
Status Store::still_there() const { return impl_->still_there(); }

Result<Store> Store::open(const fs::path& directory) {
  if (Status made = make_private_directory(directory); !made) return made.error();
  auto lock = DirectoryLock::take(directory);
  if (!lock) return lock.error();
  auto database = Database::open_for_writing(directory / kDatabaseFile);
  if (!database) return database.error();
  if (Status sound = check_integrity(*database); !sound) return sound.error();
  if (Status migrated = migrate(*database, directory); !migrated) return migrated.error();
  auto epoch = begin_epoch(*database);
  if (!epoch) return epoch.error();
  return Store(std::unique_ptr<Impl>(new Impl{directory, *std::move(lock), *std::move(database), *epoch}));
}

Status Store::Impl::still_there() const {
  std::error_code unreadable;
  if (fs::exists(directory / kDatabaseFile, unreadable) || unreadable) return success();
  return Error{"superseded", fmt::format("{} was deleted while in use", directory.string()),
               "what this daemon would write is lost: it must begin anew", ""};
}

Result<Transaction> Store::Impl::begin() {
  if (Status there = still_there(); !there) return there.error();
  auto transaction = Transaction::write(database);
  if (!transaction) return transaction;
  auto newest = database.one<std::int64_t>("SELECT value FROM meta WHERE key = 'epoch'");
  if (!newest) return newest.error();
  if (*newest != epoch) {
    return Error{"superseded", fmt::format("another daemon has taken over {}", directory.string()),
                 "this daemon must end; keep one daemon a state directory"};
  }
  return transaction;
}

Result<std::vector<Store::Rejected>> Store::commit(std::span<const Change> changes) {
  auto transaction = impl_->begin();
  if (!transaction) return transaction.error();
  Commit commit(impl_->database, impl_->directory);
  if (Status applied = commit.apply(changes); !applied) return applied.error();
  const auto began = Clock::now();
  if (Status committed = transaction->commit(); !committed) return committed.error();
  impl_->last_sync = Clock::now() - began;
  return std::move(commit.rejected);
}

std::chrono::nanoseconds Store::last_sync() const { return impl_->last_sync; }

Status Store::edit_sweep(SweepId sweep, const SweepEdit& edit) {
  auto transaction = impl_->begin();
  if (!transaction) return transaction.error();
  Database& database = impl_->database;
  auto revision = database.one<std::int64_t>("SELECT revision FROM sweep WHERE id = ?", sweep);
  if (!revision) return revision.error();
  if (!*revision) return not_found(sweep);
  if (edit.if_revision && *edit.if_revision != **revision) {
    return Error{"revision_conflict",
                 fmt::format("{} has revision {}, not {}", to_string(sweep), **revision, *edit.if_revision),
                 "read the sweep again, then repeat the change"};
  }
  Status updated = database.run(
      "UPDATE sweep SET name = coalesce(?, name), note = coalesce(?, note), tags = coalesce(?, tags),"
      " priority = coalesce(?, priority), revision = revision + 1 WHERE id = ?",
      edit.name, edit.note, edit.tags, edit.priority, sweep);
  if (updated) updated = record_sweep(database, sweep);
  return updated ? transaction->commit() : updated;
}

Status Store::remove_sweep(SweepId sweep) {
  auto transaction = impl_->begin();
  if (!transaction) return transaction.error();
  Database& database = impl_->database;
  auto held = database.one<std::int64_t>(
      "SELECT count(*) FROM run WHERE sweep = ? AND state IN ('leased', 'running', 'orphaned')", sweep);
  if (!held) return held.error();
  if (held->value_or(0) > 0) {
    return Error{"sweep_active", fmt::format("{} runs of {} are being done", **held, to_string(sweep)),
                 fmt::format("cancel it first: sweetspot cancel {}", to_string(sweep))};
  }
  Status removed = database.run("DELETE FROM sweep WHERE id = ?", sweep);
  if (!removed) return removed;
  if (database.changes() == 0) return not_found(sweep);
  // The answer kept under an Idempotency-Key names this sweep: sent again, that request is a new one.
  removed = database.run("DELETE FROM idempotency WHERE body ->> '$.sweep' = ?", sweep);
  if (!removed) return removed;
  removed = record_event(database, {.type = "sweep", .sweep = sweep},
                         {{"id", to_string(sweep)}, {"removed", true}});
  return removed ? transaction->commit() : removed;
}

Result<std::vector<Grant>> Store::attempts_before(const Grant& grant) {
  std::vector<Grant> earlier;
  Status read = impl_->database.each(
      "SELECT fence FROM attempt WHERE run = ? AND fence < ?"
      " AND fence > (SELECT scratch_fence FROM run WHERE id = attempt.run) ORDER BY fence DESC LIMIT 12",
      [&](const Row& row) {
        earlier.push_back({grant.run, row.get<Fence>(0)});
      },
      grant.run, grant.fence);
  if (!read) return read.error();
  return earlier;
}

Result<Cell> Store::cell_of(RunId run) {
  auto cell = load_cell(impl_->database, run);
  if (!cell) return cell.error();
  if (!*cell) return Error{"not_found", fmt::format("there is no run {}", to_string(run)), ""};
  return **std::move(cell);
}

Result<std::vector<int>> Store::depths_beside(RunId run) {
  std::vector<int> depths;
  const auto read = impl_->database.each(
      "SELECT DISTINCT beside.layers FROM run JOIN workload AS its ON its.id = run.workload "
      "JOIN run AS beside ON beside.sweep = run.sweep JOIN workload AS other ON other.id = beside.workload "
      "WHERE other.affinity = its.affinity AND run.id = ? ORDER BY beside.layers",
      [&](const Row& row) { depths.push_back(row.get<int>(0)); }, run);
  if (!read) return read.error();
  return depths;
}

}  // namespace sweetspot::daemon
