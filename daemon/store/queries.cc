#include "daemon/store/queries.h"

#include <fmt/ranges.h>

#include <limits>
#include <numeric>

namespace sweetspot::daemon {
namespace {

// 'queued', 'leased', ...
std::string unfinished_states() {
  std::vector<std::string_view> names;
  for (const RunState state : kRunStates)
    if (!is_terminal(state)) names.push_back(to_string(state));
  return fmt::format("'{}'", fmt::join(names, "', '"));
}

// A device's time a run, of the last thousand that succeeded: runs that a worker had together share it, else
// a pack of 16 would seem to take 16 times as long as it does. Asked only where runs are still to come.
const std::string& sweep_columns() {
  static const std::string columns = R"(
  id, name, note, priority, paused, created_at, revision,
  (SELECT min(wer) FROM run WHERE sweep = sweep.id),
  CASE WHEN NOT paused AND EXISTS (SELECT 1 FROM run WHERE sweep = sweep.id AND state IN ()" +
                                     unfinished_states() + R"()) THEN
    (WITH span AS (SELECT worker, julianday(attempt.started_at) AS began, julianday(attempt.ended_at) AS ended
                   FROM attempt CROSS JOIN run ON run.id = attempt.run AND run.fence = attempt.fence
                   WHERE run.sweep = sweep.id AND state = 'succeeded' ORDER BY attempt.fence DESC LIMIT 1000),
          beside AS (SELECT began, ended, max(ended) OVER (PARTITION BY worker ORDER BY began, ended
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached FROM span)
     SELECT 86400 * sum(max(0, ended - max(began, coalesce(reached, began)))) / count(*) FROM beside) END,
  (SELECT json_group_object(state, n) FROM
     (SELECT state, count(*) AS n FROM run WHERE sweep = sweep.id GROUP BY state)), source, tags,
  (SELECT total(min(1.0, 1.0 * step / nullif(steps, 0))) FROM run WHERE sweep = sweep.id AND state = 'running'))";
  return columns;
}

SweepRow sweep_row(const Row& row) {
  SweepRow sweep{.id = row.get<SweepId>(0),
                 .name = row.get<std::string>(1),
                 .note = row.get<std::string>(2),
                 .created_at = row.get<std::string>(5),
                 .priority = row.get<int>(3),
                 .paused = row.get<bool>(4),
                 .revision = row.get<std::int64_t>(6),
                 .best_wer = row.get<std::optional<double>>(7),
                 .seconds_a_run = row.get<std::optional<double>>(8),
                 .source = row.get<std::string>(10),
                 .tags = row.get<std::string>(11)};
  sweep.under_way = row.get<double>(12);
  const auto counts = nlohmann::json::parse(row.get<std::string_view>(9));
  for (RunState state : kRunStates)
    sweep.counts[static_cast<std::size_t>(state)] =
        counts.value(std::string(to_string(state)), std::int64_t{0});
  return sweep;
}

std::vector<RunId> run_ids(std::string_view json_array) {
  std::vector<RunId> ids;
  for (const auto& id : nlohmann::json::parse(json_array)) ids.push_back(RunId{id.get<std::int64_t>()});
  return ids;
}

}  // namespace

std::int64_t SweepRow::total() const {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

Result<Reader> Reader::open(const std::filesystem::path& state_directory) {
  auto database = Database::open_for_reading(state_directory / "sweetspot.db");
  return database ? Result<Reader>(Reader(*std::move(database))) : database.error();
}

Result<std::optional<SweepRow>> Reader::sweep(SweepId id) {
  std::optional<SweepRow> found;
  const auto sql = "SELECT " + sweep_columns() + ", spec FROM sweep WHERE id = ?";
  Status status = database_.each(
      sql,
      [&](const Row& row) {
        found = sweep_row(row);
        found->spec = row.get<std::string>(13);
      },
      id);
  return status ? Result<std::optional<SweepRow>>(std::move(found)) : status.error();
}

Result<Page<SweepRow>> Reader::sweeps(const SweepFilter& filter, std::optional<Keyset> after, int limit) {
  Page<SweepRow> page;
  const auto sql = "SELECT " + sweep_columns() + R"( FROM sweep
    WHERE id < ?1 AND (?3 = '' OR instr(lower(name || ' sw_' || id), lower(?3)))
      AND NOT EXISTS (SELECT 1 FROM json_each(?4) AS wanted
                      WHERE wanted.value NOT IN (SELECT value FROM json_each(sweep.tags)))
    ORDER BY id DESC LIMIT ?2)";
  const std::int64_t before = after ? after->id : std::numeric_limits<std::int64_t>::max();
  Status status = database_.each(
      sql, [&](const Row& row) { page.items.push_back(sweep_row(row)); }, before, limit + 1, filter.contains,
      nlohmann::json(filter.tags).dump());
  if (!status) return status.error();
  if (page.items.size() > std::size_t(limit)) {
    page.items.pop_back();
    page.next = Keyset{page.items.back().id.value, page.items.back().id.value};
  }
  return page;
}

Result<std::int64_t> Reader::busy_devices() {
  auto count = database_.one<std::int64_t>(
      "SELECT count(DISTINCT device) FROM worker WHERE state NOT IN ('gone', 'lost')");
  return count ? Result<std::int64_t>(count->value_or(0)) : count.error();
}

Result<std::vector<WorkerRow>> Reader::workers() {
  std::vector<WorkerRow> workers;
  Status status = database_.each(
      R"(SELECT id, device, state, build, started_at, pid, ended_at,
           (SELECT json_group_array(run) FROM attempt WHERE worker = worker.id AND ended_at IS NULL)
         FROM worker ORDER BY id DESC LIMIT 1000)",
      [&](const Row& row) {
        workers.push_back({.id = row.get<WorkerId>(0),
                           .device = row.get<std::string>(1),
                           .state = row.get<std::string>(2),
                           .build = row.get<std::string>(3),
                           .started_at = row.get<std::string>(4),
                           .pid = row.get<std::int64_t>(5),
                           .ended_at = row.get<std::optional<std::string>>(6),
                           .runs = run_ids(row.get<std::string_view>(7))});
      });
  return status ? Result<std::vector<WorkerRow>>(std::move(workers)) : status.error();
}

Result<std::vector<DeviceRow>> Reader::devices() {
  std::vector<DeviceRow> devices;
  Status status = database_.each(
      R"(WITH live AS (SELECT max(id) AS id, device FROM worker WHERE state NOT IN ('gone', 'lost') GROUP BY device)
         SELECT name, drained, live.id, (SELECT state FROM worker WHERE worker.id = live.id),
           (SELECT json_group_array(id) FROM run
            WHERE run.device = name AND state IN ('leased', 'running', 'orphaned')),
           problem, coalesce((SELECT pid FROM worker WHERE worker.id = live.id), 0)
         FROM (SELECT name, drained, problem FROM device UNION ALL
               SELECT device, 0, '' FROM live WHERE device NOT IN (SELECT name FROM device))
         LEFT JOIN live ON live.device = name ORDER BY length(name), name)",
      [&](const Row& row) {
        devices.push_back({.name = row.get<std::string>(0),
                           .drained = row.get<bool>(1),
                           .worker = row.get<std::optional<WorkerId>>(2),
                           .worker_state = row.get<std::string>(3),
                           .pid = row.get<std::int64_t>(6),
                           .problem = row.get<std::string>(5),
                           .runs = run_ids(row.get<std::string_view>(4))});
      });
  return status ? Result<std::vector<DeviceRow>>(std::move(devices)) : status.error();
}

Result<std::int64_t> Reader::schema_version() {
  auto version = database_.one<std::int64_t>("PRAGMA user_version");
  return version ? Result<std::int64_t>(version->value_or(0)) : version.error();
}

Result<std::map<std::string, std::int64_t>> Reader::runs_by_state() {
  std::map<std::string, std::int64_t> counts;
  Status status = database_.each("SELECT state, count(*) FROM run GROUP BY state", [&](const Row& row) {
    counts[row.get<std::string>(0)] = row.get<std::int64_t>(1);
  });
  return status ? Result<std::map<std::string, std::int64_t>>(std::move(counts)) : status.error();
}

}  // namespace sweetspot::daemon
