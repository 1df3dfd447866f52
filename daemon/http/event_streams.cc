#include "daemon/http/event_streams.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/http/views.h"
#include "daemon/rethrow.h"
#include "daemon/store/event_log.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace {

constexpr int kRowsAtOnce = 256;

bool is_wanted(const StoredEvent& event, const EventFilter& filter) {
  const bool topic = filter.topics.empty() ||
                     std::find(filter.topics.begin(), filter.topics.end(), event.type) != filter.topics.end();
  return topic && (!filter.sweep || !event.sweep || event.sweep == filter.sweep);
}

std::string frame(const StoredEvent& event) {
  return fmt::format("event: {}\nid: {}\ndata: {}\n\n", event.type, event.seq, dump_json(to_json(event)));
}

// While a stream lives, its timer is known to the others.
class Registration {
 public:
  Registration(std::set<asio::steady_timer*>& all, asio::steady_timer& timer) : all_(all), timer_(timer) {
    all_.insert(&timer_);
  }
  ~Registration() { all_.erase(&timer_); }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  std::set<asio::steady_timer*>& all_;
  asio::steady_timer& timer_;
};

// A client that goes away is noticed at once, not by the heartbeats that it no longer takes.
asio::awaitable<void> wake_when_gone(std::shared_ptr<ClientConnection> connection,
                                     std::shared_ptr<asio::steady_timer> timer) {
  co_await connection->until_gone();
  connection->close();
  timer->cancel();
}

}  // namespace

EventStreams::EventStreams(asio::io_context& loop, Reader reader, const HttpLimits& limits)
    : loop_(loop), reader_(std::move(reader)), limits_(limits) {}

void EventStreams::notify() {
  ++generation_;
  for (asio::steady_timer* timer : waiting_) timer->cancel();
}

void EventStreams::close() {
  closed_ = true;
  notify();
}

// A place that this database does not have, behind or ahead, cannot be gone on from: the client must read all
// anew.
Result<std::int64_t> EventStreams::first_seq(const EventFilter& filter, std::string& frames) {
  auto range = reader_.event_range();
  if (!range) return range.error();
  const auto [first, last] = *range;
  if (!filter.after) return last;
  if (*filter.after + 1 >= first && *filter.after <= last) return *filter.after;
  frames += frame({.seq = last, .at = utc_now(), .type = "resync", .data = "{}"});
  return last;
}

Result<const EventStreams::Rows*> EventStreams::rows_after(std::int64_t position) {
  if (rows_.after == position && rows_.generation == generation_) return &rows_;
  auto events = reader_.events_after(position, kRowsAtOnce);
  if (!events) return events.error();
  rows_ = {.after = position, .generation = generation_, .events = {}};
  for (StoredEvent& event : *events) {
    std::string text = frame(event);
    rows_.events.push_back({std::move(event), std::move(text)});
  }
  return &rows_;
}

Result<EventStreams::Batch> EventStreams::next_batch(const EventFilter& filter, std::int64_t& position) {
  auto rows = rows_after(position);
  if (!rows) return rows.error();
  Batch batch{.more = (*rows)->events.size() == kRowsAtOnce};
  for (const Told& told : (*rows)->events) {
    position = told.event.seq;
    if (is_wanted(told.event, filter)) batch.frames += told.frame;
  }
  return batch;
}

asio::awaitable<void> EventStreams::run(std::shared_ptr<ClientConnection> connection, std::string head,
                                        EventFilter filter) {
  const auto timer = std::make_shared<asio::steady_timer>(loop_);
  const Registration registration(waiting_, *timer);
  std::string frames = std::move(head) + "retry: 3000\n\n";
  auto position = first_seq(filter, frames);
  if (!position) co_return;
  bool alive = co_await connection->write(frames);
  asio::co_spawn(loop_, wake_when_gone(connection, timer), kRethrow);

  const auto over = [&] { return !alive || closed_ || !connection->is_open(); };
  while (!over()) {
    const std::int64_t seen = generation_;
    auto batch = next_batch(filter, *position);
    if (!batch) co_return;
    if (!batch->frames.empty()) alive = co_await connection->write(batch->frames);
    if (over() || batch->more || generation_ != seen) continue;
    timer->expires_after(limits_.heartbeat);
    boost::system::error_code woken;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (!woken) alive = co_await connection->write(": hb\n\n");
  }
}

}  // namespace sweetspot::daemon
