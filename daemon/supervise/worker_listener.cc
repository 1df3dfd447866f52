#include "daemon/supervise/worker_listener.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/rethrow.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;
namespace {

bool is_same_user(WorkerListener::Socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == ::geteuid();
}

Error cannot_bind(const fs::path& path, std::string_view why, std::string hint) {
  return {"worker_socket", fmt::format("cannot listen on {}: {}", path.string(), why), std::move(hint)};
}

}  // namespace

Result<std::unique_ptr<WorkerListener>> WorkerListener::bind(asio::io_context& context,
                                                             const fs::path& path) {
  if (path.native().size() >= sizeof sockaddr_un::sun_path) {
    return cannot_bind(path,
                       fmt::format("the path has {} bytes, the system allows {}", path.native().size(),
                                   sizeof sockaddr_un::sun_path - 1),
                       "use a --state directory with a shorter path");
  }
  std::error_code unknown;
  const auto found = fs::symlink_status(path, unknown).type();
  if (found == fs::file_type::socket) {
    fs::remove(path, unknown);
  } else if (found != fs::file_type::not_found) {
    return cannot_bind(path, "something else has that name", "move it away");
  }
  std::unique_ptr<WorkerListener> listener(new WorkerListener(context));
  const mode_t mask = ::umask(0177);  // the socket is never open to others, not for a moment
  boost::system::error_code failed;
  listener->acceptor_.open(asio::local::stream_protocol(), failed);
  if (!failed) listener->acceptor_.bind(asio::local::stream_protocol::endpoint(path.string()), failed);
  if (!failed) listener->acceptor_.listen(asio::socket_base::max_listen_connections, failed);
  ::umask(mask);
  if (failed) return cannot_bind(path, failed.message(), "check the permissions of the state directory");
  return listener;
}

void WorkerListener::start(std::function<void(Socket)> connected) {
  asio::co_spawn(acceptor_.get_executor(), accept(std::move(connected)), kRethrow);
}

asio::awaitable<void> WorkerListener::accept(std::function<void(Socket)> connected) {
  while (acceptor_.is_open()) {
    boost::system::error_code failed;
    Socket socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failed));
    if (failed == asio::error::operation_aborted) co_return;
    if (failed) {  // out of descriptors or memory: neither lasts, and the listener must
      pause_.expires_after(std::chrono::milliseconds(100));
      co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, failed));
    } else if (is_same_user(socket)) {
      connected(std::move(socket));
    }
  }
}

void WorkerListener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace sweetspot::daemon
