#include "daemon/http/connection.h"

#include <array>

namespace sweetspot::daemon {
namespace {

using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

constexpr std::size_t kWriteStep = 256 * 1024;
constexpr std::size_t kMostDiscarded = 4 * 1024 * 1024;

}  // namespace

ClientConnection::ClientConnection(asio::ip::tcp::socket socket, const HttpLimits& limits)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), limits_(limits) {}

void ClientConnection::allow(std::chrono::milliseconds time) {
  timer_.expires_after(time);
  timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
    const auto self = weak.lock();
    // Rearmed after this was already on its way: the new deadline counts.
    if (cancelled || !self || self->timer_.expiry() > std::chrono::steady_clock::now()) return;
    self->timed_out_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
  });
}

Problem ClientConnection::late() const {
  return {408, {"request_timeout", "The request did not arrive in time.", "Send it whole, at once.", ""}};
}

asio::awaitable<std::optional<Result<RawRequest, Problem>>> ClientConnection::read_request(const Gate& gate) {
  using Outcome = std::optional<Result<RawRequest, Problem>>;
  const auto begun = std::chrono::steady_clock::now();
  std::string bytes;
  error_code error;
  allow(limits_.head_time);
  const std::size_t head_size =
      co_await asio::async_read_until(socket_, asio::dynamic_buffer(bytes, limits_.head_bytes), "\r\n\r\n",
                                      redirect_error(use_awaitable, error));
  if (timed_out_) co_return Outcome(late());
  if (error == asio::error::not_found)
    co_return Outcome(Problem{431, {"head_too_large", "The head of the request is too large.", "", ""}});
  if (error) co_return std::nullopt;

  auto head = parse_request_head(std::string_view(bytes).substr(0, head_size), limits_);
  if (!head) co_return Outcome(head.error());
  if (auto problem = gate.refuses(*head)) co_return Outcome(*problem);

  bytes.erase(0, head_size);
  if (bytes.size() > head->content_length)
    co_return Outcome(
        Problem{400, {"pipelined", "There is more than one request.", "Open a connection for each.", ""}});
  const std::size_t missing = head->content_length - bytes.size();
  const auto left = limits_.request_time - (std::chrono::steady_clock::now() - begun);
  allow(std::chrono::duration_cast<std::chrono::milliseconds>(left));
  co_await asio::async_read(socket_, asio::dynamic_buffer(bytes), asio::transfer_exactly(missing),
                            redirect_error(use_awaitable, error));
  timer_.cancel();
  if (timed_out_) co_return Outcome(late());
  if (error) co_return std::nullopt;
  co_return Outcome(RawRequest{.head = *std::move(head), .body = std::move(bytes)});
}

asio::awaitable<bool> ClientConnection::write(const std::string& bytes) {
  timed_out_ = false;
  error_code error;
  for (std::size_t done = 0; done < bytes.size() && !error;) {
    allow(limits_.write_time);
    const auto step = asio::buffer(bytes.data() + done, std::min(kWriteStep, bytes.size() - done));
    done += co_await socket_.async_write_some(step, redirect_error(use_awaitable, error));
  }
  timer_.cancel();
  co_return !error;
}

asio::awaitable<void> ClientConnection::finish() {
  error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  allow(std::chrono::seconds(1));
  std::array<char, 16 * 1024> discarded;
  for (std::size_t taken = 0; !error && taken < kMostDiscarded;)
    taken += co_await socket_.async_read_some(asio::buffer(discarded), redirect_error(use_awaitable, error));
  close();
}

asio::awaitable<void> ClientConnection::until_gone() {
  error_code ignored;
  char anything;
  co_await socket_.async_read_some(asio::buffer(&anything, 1), redirect_error(use_awaitable, ignored));
}

void ClientConnection::close() {
  error_code ignored;
  timer_.cancel();
  socket_.close(ignored);
}

}  // namespace sweetspot::daemon
