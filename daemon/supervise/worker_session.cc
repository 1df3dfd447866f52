#include "daemon/supervise/worker_session.h"

#include <fmt/format.h>

#include <utility>

namespace sweetspot::daemon {
namespace {

constexpr std::chrono::seconds kHelloDeadline{10};
// Room for a pack's worth of frames: what is read at once is decided and stored at once.
constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kMaxOutgoingBytes = 16 << 20;  // a worker that does not read is cut off

// What a peer did wrong; thrown and caught inside this file only.
struct Misbehaved : std::runtime_error {
  using std::runtime_error::runtime_error;
};

WorkerFrame decode(const std::string& line) {
  auto frame = decode_worker_frame(line);
  if (!frame) throw Misbehaved(fmt::format("unreadable frame: {}", frame.error().message));
  return *std::move(frame);
}

Hello decode_hello(const std::string& line) {
  auto frame = decode(line);
  auto* hello = std::get_if<Hello>(&frame.message);
  if (!hello) throw Misbehaved("the first frame is not hello");
  if (hello->protocol != kProtocolVersion) {
    throw Misbehaved(fmt::format("worker speaks protocol {}, daemon {}", hello->protocol, kProtocolVersion));
  }
  return std::move(*hello);
}

}  // namespace

WorkerSession::WorkerSession(Socket socket, Callbacks callbacks)
    : socket_(std::move(socket)),
      callbacks_(std::move(callbacks)),
      deadline_(socket_.get_executor()),
      sendable_(socket_.get_executor(), asio::steady_timer::time_point::max()) {
  incoming_.reserve(kReadBytes);
}

void WorkerSession::start() {
  auto report = [self = shared_from_this()](std::exception_ptr failed) {
    if (failed) self->close();
  };
  asio::co_spawn(socket_.get_executor(), read(shared_from_this()), report);
  asio::co_spawn(socket_.get_executor(), write(shared_from_this()), report);
}

asio::awaitable<void> WorkerSession::read(SessionPtr self) {
  std::string why;
  try {
    deadline_.expires_after(kHelloDeadline);
    deadline_.async_wait([self](const boost::system::error_code& cancelled) {
      if (!cancelled && !self->introduced_) self->close();
    });
    std::string line = co_await read_line();
    Hello hello = decode_hello(line);
    introduced_ = true;
    callbacks_.hello(self, std::move(hello));

    boost::system::error_code until_welcome;
    deadline_.expires_at(asio::steady_timer::time_point::max());
    if (!welcomed_) co_await deadline_.async_wait(asio::redirect_error(asio::use_awaitable, until_welcome));
    while (socket_.is_open()) {
      line = co_await read_line();
      callbacks_.said(self, decode(line));
      // What came together is said together, so that one commit stores all of it.
      while (auto next = next_line()) callbacks_.said(self, decode(*next));
    }
  } catch (const Misbehaved& e) {
    why = e.what();
  } catch (const boost::system::system_error&) {
    // the worker has hung up, or we have
  }
  read_ended(why);
}

asio::awaitable<std::string> WorkerSession::read_line() {
  auto buffer = asio::dynamic_buffer(incoming_, kMaxFrameBytes + 1);
  boost::system::error_code failed;
  co_await asio::async_read_until(socket_, buffer, '\n', asio::redirect_error(asio::use_awaitable, failed));
  if (failed == asio::error::not_found) {
    throw Misbehaved(fmt::format("a frame is longer than {} bytes", kMaxFrameBytes));
  }
  if (failed) throw boost::system::system_error(failed);
  co_return *next_line();
}

std::optional<std::string> WorkerSession::next_line() {
  const auto end = incoming_.find('\n');
  if (end == incoming_.npos) return std::nullopt;
  std::string line = incoming_.substr(0, end);
  incoming_.erase(0, end + 1);
  return line;
}

void WorkerSession::read_ended(const std::string& why) {
  if (introduced_) {
    callbacks_.ended(shared_from_this(), why);
  } else if (!why.empty()) {
    callbacks_.log(fmt::format("worker.sock: connection refused: {}", why));
  }
  if (why.empty()) return close();
  finish(Exit{why});
}

asio::awaitable<void> WorkerSession::write(SessionPtr) {
  while (socket_.is_open()) {
    if (outgoing_.empty()) {
      if (finishing_) break;
      boost::system::error_code woken;
      co_await sendable_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
      continue;
    }
    const std::string lines = std::exchange(outgoing_, {});
    co_await asio::async_write(socket_, asio::buffer(lines), asio::use_awaitable);
    outgoing_bytes_ -= lines.size();
  }
  close();
}

void WorkerSession::welcome() {
  welcomed_ = true;
  deadline_.cancel();
}

void WorkerSession::send(const DaemonMessage& message) {
  if (finishing_ || !socket_.is_open()) return;
  const std::string line = encode(message) + '\n';
  outgoing_bytes_ += line.size();
  if (outgoing_bytes_ > kMaxOutgoingBytes) return close();
  outgoing_ += line;
  sendable_.cancel();
}

void WorkerSession::finish(const DaemonMessage& last) {
  send(last);
  finishing_ = true;
  sendable_.cancel();
}

void WorkerSession::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  deadline_.cancel();
  sendable_.cancel();
}

}  // namespace sweetspot::daemon
