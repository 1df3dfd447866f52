// One client's socket, on the loop: reads one request under limits and deadlines, writes one answer.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "daemon/asio.h"
#include "daemon/http/engine.h"
#include "daemon/http/gate.h"
#include "daemon/http/limits.h"

namespace sweetspot::daemon {

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(asio::ip::tcp::socket socket, const HttpLimits& limits);

  // nullopt: the client went away. The gate is asked as soon as the head is there, before the body is read.
  asio::awaitable<std::optional<Result<RawRequest, Problem>>> read_request(const Gate& gate);
  // False: the client went away, or took nothing for as long as the limits allow.
  asio::awaitable<bool> write(const std::string& bytes);
  // Says that nothing more comes, and takes what the client still sends for a moment: closing at once would
  // reset the connection, and the client might lose the answer.
  asio::awaitable<void> finish();
  // Returns when the client has gone, or says anything more, which it has no business to; or upon close().
  asio::awaitable<void> until_gone();
  bool is_open() const { return socket_.is_open(); }
  void close();

 private:
  void allow(std::chrono::milliseconds time);  // after which the socket's work is cancelled
  Problem late() const;

  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  HttpLimits limits_;
  bool timed_out_ = false;
};

}  // namespace sweetspot::daemon
