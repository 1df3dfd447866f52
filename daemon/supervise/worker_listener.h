// The Unix socket that workers connect to.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "daemon/asio.h"
#include "schemas/result.h"

namespace sweetspot::daemon {

class WorkerListener {
 public:
  using Socket = asio::local::stream_protocol::socket;

  // Binds `path` with mode 0600, in place of what a dead daemon left there. Anything but a socket is left
  // alone and refused.
  static Result<std::unique_ptr<WorkerListener>> bind(asio::io_context& context,
                                                      const std::filesystem::path& path);

  // `connected` gets every connection of our own user; others are closed.
  void start(std::function<void(Socket)> connected);
  void close();

 private:
  explicit WorkerListener(asio::io_context& context) : acceptor_(context), pause_(context) {}
  asio::awaitable<void> accept(std::function<void(Socket)> connected);

  asio::local::stream_protocol::acceptor acceptor_;
  asio::steady_timer pause_;
};

}  // namespace sweetspot::daemon
