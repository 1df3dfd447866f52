// Server-sent events, on the loop: every stream reads the event table from its own place on, so that what a
// client sees is what was committed, each row once and in order, also after it comes back with Last-Event-ID.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "daemon/asio.h"
#include "daemon/http/connection.h"
#include "daemon/store/queries.h"

namespace sweetspot::daemon {

class EventStreams {
 public:
  EventStreams(asio::io_context& loop, Reader reader, const HttpLimits& limits);

  int count() const { return int(waiting_.size()); }
  bool full() const { return count() >= limits_.streams; }
  void notify();  // there may be new rows
  void close();   // ends every stream

  // `head` is the answer's head, with its empty line. Returns as soon as the client is gone, or too slow.
  asio::awaitable<void> run(std::shared_ptr<ClientConnection> connection, std::string head,
                            EventFilter filter);

 private:
  Result<std::int64_t> first_seq(const EventFilter& filter, std::string& frames);
  // The frames after `position`, which moves on; `more`: there are further rows already.
  struct Batch {
    std::string frames;
    bool more = false;
  };
  Result<Batch> next_batch(const EventFilter& filter, std::int64_t& position);
  // Every live stream stands at the same place: what one of them read is there for the others.
  struct Told {
    StoredEvent event;
    std::string frame;
  };
  struct Rows {
    std::int64_t after = -1, generation = -1;
    std::vector<Told> events;
  };
  Result<const Rows*> rows_after(std::int64_t position);

  asio::io_context& loop_;
  Reader reader_;
  HttpLimits limits_;
  std::set<asio::steady_timer*> waiting_;  // one a stream
  std::int64_t generation_ = 0;            // grows with each notify
  Rows rows_;
  bool closed_ = false;
};

}  // namespace sweetspot::daemon
