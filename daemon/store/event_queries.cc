// Reader: what happened, in order.
#include "daemon/store/queries.h"

namespace sweetspot::daemon {
namespace {

StoredEvent stored_event(const Row& row) {
  return {.seq = row.get<std::int64_t>(0),
          .at = row.get<std::string>(1),
          .type = row.get<std::string>(2),
          .data = row.get<std::string>(5),
          .sweep = row.get<std::optional<SweepId>>(3),
          .run = row.get<std::optional<RunId>>(4)};
}

}  // namespace

Result<Page<StoredEvent>> Reader::run_events(RunId run, std::optional<Keyset> after, int limit) {
  Page<StoredEvent> page;
  Status status = database_.each(
      "SELECT seq, at, type, sweep, run, data FROM event WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?",
      [&](const Row& row) { page.items.push_back(stored_event(row)); }, run, after ? after->id : 0,
      limit + 1);
  if (!status) return status.error();
  if (page.items.size() > std::size_t(limit)) {
    page.items.pop_back();
    page.next = Keyset{page.items.back().seq, page.items.back().seq};
  }
  return page;
}

Result<std::vector<StoredEvent>> Reader::events_after(std::int64_t seq, int limit) {
  std::vector<StoredEvent> events;
  Status status = database_.each(
      "SELECT seq, at, type, sweep, run, data FROM event WHERE seq > ? ORDER BY seq LIMIT ?",
      [&](const Row& row) { events.push_back(stored_event(row)); }, seq, limit);
  return status ? Result<std::vector<StoredEvent>>(std::move(events)) : status.error();
}

Result<std::int64_t> Reader::newest_change(SweepId sweep) {
  const auto seq = database_.one<std::int64_t>(
      "SELECT seq FROM event WHERE sweep = ? AND type IN ('sweep', 'run') ORDER BY seq DESC LIMIT 1", sweep);
  return seq ? Result<std::int64_t>(seq->value_or(0)) : seq.error();
}

Result<std::pair<std::int64_t, std::int64_t>> Reader::event_range() {
  std::pair<std::int64_t, std::int64_t> range;
  Status status = database_.each("SELECT min(seq), max(seq) FROM event", [&](const Row& row) {
    range = {row.get<std::int64_t>(0), row.get<std::int64_t>(1)};
  });
  return status ? Result<std::pair<std::int64_t, std::int64_t>>(range) : status.error();
}

}  // namespace sweetspot::daemon
