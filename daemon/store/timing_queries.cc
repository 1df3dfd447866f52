// Reader: where the time of runs went, from their results, attempts and events.
#include "daemon/store/queries.h"

namespace sweetspot::daemon {
namespace {

constexpr std::string_view kSpent = R"(
  sum(document ->> '$.timing.audio'), sum(document ->> '$.timing.encode'),
  sum(document ->> '$.timing.train'),
  sum(document ->> '$.timing.validate'), sum(document ->> '$.timing.test'),
  sum(document ->> '$.timing.other'),
  sum(document ->> '$.timing.saved'), count(document ->> '$.timing')
  FROM result JOIN run ON run.id = result.run)";

// Each attempt's from when its run came into the queue last, as submitted or again.
constexpr std::string_view kWaited = R"(
  SELECT sum(max(0, 86400 * (julianday(attempt.started_at) - julianday(coalesce(
    (SELECT max(at) FROM event WHERE event.run = run.id AND type = 'run' AND at <= attempt.started_at
       AND data ->> '$.state' = 'queued'), sweep.created_at)))))
  FROM run JOIN attempt ON attempt.run = run.id JOIN sweep ON sweep.id = run.sweep)";

// Attempts that a worker has together are of one pack, and count once.
constexpr std::string_view kDeviceSeconds = R"(
  WITH span AS (SELECT worker, julianday(attempt.started_at) AS began,
                  julianday(coalesce(attempt.ended_at, 'now')) AS ended
                FROM run JOIN attempt ON attempt.run = run.id WHERE run.sweep = ?),
       beside AS (SELECT began, ended, max(ended) OVER (PARTITION BY worker ORDER BY began, ended
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached FROM span)
  SELECT coalesce(86400 * sum(max(0, ended - max(began, coalesce(reached, began)))), 0.0) FROM beside)";

Timing spent_row(const Row& row) {
  const auto seconds = [&](int column) { return row.get<std::optional<double>>(column); };
  return {.audio = seconds(0).value_or(0),
          .encode = seconds(1).value_or(0),
          .train = seconds(2).value_or(0),
          .validate = seconds(3).value_or(0),
          .test = seconds(4).value_or(0),
          .other = seconds(5).value_or(0),
          .saved = seconds(6)};
}

}  // namespace

Result<RunTiming> Reader::timing(RunId run) {
  RunTiming timing;
  Status status = database_.each(
      "SELECT " + std::string(kSpent) + " WHERE run.id = ?",
      [&](const Row& row) {
        if (row.get<std::int64_t>(7) > 0) timing.spent = spent_row(row);
      },
      run);
  if (!status) return status.error();
  status = database_.each(
      std::string(kWaited) + " WHERE run.id = ?",
      [&](const Row& row) { timing.wait = row.get<std::optional<double>>(0); }, run);
  return status ? Result<RunTiming>(timing) : status.error();
}

Result<SweepTiming> Reader::timing(SweepId sweep) {
  SweepTiming timing;
  Status status = database_.each(
      "SELECT " + std::string(kSpent) + " WHERE run.sweep = ?",
      [&](const Row& row) { timing.spent = spent_row(row), timing.runs = row.get<std::int64_t>(7); }, sweep);
  if (!status) return status.error();
  status = database_.each(
      std::string(kWaited) + " WHERE run.sweep = ?",
      [&](const Row& row) { timing.wait = row.get<std::optional<double>>(0).value_or(0); }, sweep);
  if (!status) return status.error();
  status = database_.each(
      kDeviceSeconds, [&](const Row& row) { timing.device = row.get<double>(0); }, sweep);
  return status ? Result<SweepTiming>(timing) : status.error();
}

}  // namespace sweetspot::daemon
