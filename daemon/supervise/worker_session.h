// One connection of a worker: lines in, lines out.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "daemon/asio.h"
#include "schemas/worker_message.h"

namespace sweetspot::daemon {

// Lives as long as its coroutines do. All members run on the loop's thread.
class WorkerSession : public std::enable_shared_from_this<WorkerSession> {
 public:
  using Socket = asio::local::stream_protocol::socket;
  using SessionPtr = std::shared_ptr<WorkerSession>;

  // How its owner hears of it. None is called from inside send(), welcome() or close().
  struct Callbacks {
    std::function<void(SessionPtr, Hello)> hello;  // the first frame; the next is read after welcome()
    std::function<void(SessionPtr, WorkerFrame)> said;
    std::function<void(SessionPtr, std::string why)>
        ended;                                    // once, if hello was; why: empty at a plain close
    std::function<void(const std::string&)> log;  // of connections that end before their Hello
  };

  WorkerSession(Socket socket, Callbacks callbacks);
  void start();

  void welcome();  // the worker may go on
  void send(const DaemonMessage& message);
  void finish(const DaemonMessage& last);  // send this, then close
  void close();

 private:
  asio::awaitable<void> read(SessionPtr self);
  asio::awaitable<void> write(SessionPtr);  // keeps us alive
  asio::awaitable<std::string> read_line();
  std::optional<std::string> next_line();  // of what has come; nullopt: no whole one
  void read_ended(const std::string& why);

  Socket socket_;
  Callbacks callbacks_;
  std::string incoming_;
  std::string outgoing_;            // lines that are not being written yet
  std::size_t outgoing_bytes_ = 0;  // those that are as well
  asio::steady_timer deadline_;  // until Hello, then until welcome()
  asio::steady_timer sendable_;  // cancelled whenever there is something to write
  bool introduced_ = false;      // has said Hello
  bool welcomed_ = false;
  bool finishing_ = false;  // nothing more is queued; the socket closes once all is written
};

}  // namespace sweetspot::daemon
