#include "worker/link/daemon_link.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "schemas/process_identity.h"

namespace sweetspot::worker {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kHeartbeat{1};
constexpr std::chrono::milliseconds kFirstPause{50}, kLongestPause{2000};

std::chrono::milliseconds until(Clock::time_point time) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now()),
                  std::chrono::milliseconds(0));
}

}  // namespace

DaemonLink::DaemonLink(LinkOptions options)
    : options_(std::move(options)),
      wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

DaemonLink::~DaemonLink() {
  closing_ = true;
  wake();
  thread_.join();
  ::close(wakeup_);
}

// --- the training thread's side ---

std::optional<Start> DaemonLink::wait_for_start() {
  std::unique_lock lock(mutex_);
  waiting_ = true;
  changed_.wait(lock, [this] { return goodbye_ || !starts_.empty(); });
  waiting_ = false;
  if (goodbye_) return std::nullopt;
  Start start = std::move(starts_.front());
  starts_.pop_front();
  return start;
}

Goodbye DaemonLink::goodbye() {
  std::lock_guard lock(mutex_);
  return goodbye_.value_or(Goodbye{});
}

bool DaemonLink::must_stop(const Grant& grant) {
  std::lock_guard lock(mutex_);
  return goodbye_ || to_stop_.contains(grant);
}

void DaemonLink::send(WorkerMessage message) {
  {
    std::lock_guard lock(mutex_);
    if (ends_grant(message)) to_stop_.erase(grant_of(message));
    outbox_.put(std::move(message));
  }
  wake();
}

void DaemonLink::progress(const Progress& progress) {
  std::lock_guard lock(mutex_);
  outbox_.put_progress(progress);  // goes out at the next beat, at most a quarter of a second from now
}

// --- the I/O thread ---

void DaemonLink::run() {
  while (!closing_ && !must_stop({})) {
    auto socket = connect();
    if (!socket) continue;
    converse(*socket);
    if (!must_stop({})) sleep(kFirstPause);  // also when a daemon hangs up at once, again and again
  }
}

// Tries with growing pauses until somebody listens, or for too long.
std::optional<LineSocket> DaemonLink::connect() {
  const auto deadline = Clock::now() + options_.give_up;
  for (auto pause = kFirstPause; !closing_; pause = std::min(2 * pause, kLongestPause)) {
    if (auto socket = LineSocket::connect(options_.socket)) return socket;
    if (Clock::now() + pause > deadline) {
      say_goodbye({.reason = "no daemon listens on " + options_.socket.string(), .code = kDaemonLost});
      break;
    }
    sleep(pause);
  }
  return std::nullopt;
}

// One connection, from Hello until it breaks. Nothing but Hello is said before the daemon's Welcome.
void DaemonLink::converse(LineSocket& socket) {
  socket.write_line(encode(WorkerFrame{.message = hello()}));
  auto next_beat = Clock::now() + kHeartbeat;
  while (!closing_ && !must_stop({})) {
    if (!exchange(socket, std::min(until(next_beat), Outbox::kProgressPause))) break;
    leave_when_done();
    std::lock_guard lock(mutex_);
    if (!welcomed_) continue;
    if (Clock::now() >= next_beat) {
      socket.write_line(encode(WorkerFrame{.message = Heartbeat{.steps = steps_}}));
      next_beat = Clock::now() + kHeartbeat;
    }
    for (const WorkerFrame& frame : outbox_.take(Clock::now())) socket.write_line(encode(frame));
  }
  socket.flush();
  std::lock_guard lock(mutex_);
  welcomed_ = false;
  outbox_.reconnected();
}

bool DaemonLink::exchange(LineSocket& socket, std::chrono::milliseconds patience) {
  if (!socket.flush()) return false;
  const short wanted = socket.has_more_to_write() ? POLLIN | POLLOUT : POLLIN;
  pollfd watched[] = {{socket.descriptor(), wanted, 0}, {wakeup_, POLLIN, 0}};
  ::poll(watched, 2, int(patience.count()));
  if (watched[1].revents) {
    std::uint64_t count;
    (void)!::read(wakeup_, &count, sizeof count);
  }
  const bool open = socket.receive();
  while (auto line = socket.next_line()) {
    auto message = decode_daemon_message(*line);
    if (!message) return false;  // not our daemon's language: connect again, and Hello will tell
    hear(*message);
  }
  return open;
}

void DaemonLink::hear(const DaemonMessage& message) {
  std::lock_guard lock(mutex_);
  std::visit([this](const auto& m) { on(m); }, message);
  changed_.notify_all();
}

void DaemonLink::on(const Welcome&) { welcomed_ = true; }

void DaemonLink::on(const Start& start) {
  Start fresh;
  for (const Assignment& assignment : start.pack) {
    if (outbox_.has(assignment.grant)) continue;  // sent twice
    outbox_.begin(assignment.grant);
    if (leaving()) {
      outbox_.put(Stopped{assignment.grant});
      continue;
    }
    fresh.pack.push_back(assignment);
  }
  if (!fresh.pack.empty()) starts_.push_back(std::move(fresh));
}

void DaemonLink::on(const Cancel& cancel) {
  if (outbox_.has(cancel.grant)) to_stop_.insert(cancel.grant);
}

void DaemonLink::on(const Ack& ack) { outbox_.acknowledge(ack.seq); }

void DaemonLink::on(const Stale& stale) {
  outbox_.drop(stale.grant);
  to_stop_.insert(stale.grant);
}

void DaemonLink::on(const Exit& exit) {
  if (!goodbye_) goodbye_ = Goodbye{.reason = exit.reason};
}

// Once nothing is being done, and the daemon knows what was handed back or is not there to be told.
void DaemonLink::leave_when_done() {
  std::lock_guard lock(mutex_);
  if (!leaving() || !waiting_ || goodbye_ || !starts_.empty()) return;
  if (welcomed_ && !outbox_.grants().empty()) return;
  goodbye_ = Goodbye{.reason = "it was asked to end by a signal"};
  changed_.notify_all();
}

void DaemonLink::say_goodbye(Goodbye goodbye) {
  std::lock_guard lock(mutex_);
  if (!goodbye_) goodbye_ = std::move(goodbye);
  changed_.notify_all();
}

Hello DaemonLink::hello() {
  std::lock_guard lock(mutex_);
  return {.worker = options_.worker,
          .device = options_.device,
          .pid = ::getpid(),
          .start_time = process_start_time(::getpid()).value_or(0),
          .build = options_.build,
          .grants = outbox_.grants()};
}

void DaemonLink::sleep(std::chrono::milliseconds pause) {
  pollfd watched{wakeup_, POLLIN, 0};
  const auto end = Clock::now() + pause;
  leave_when_done();
  while (!closing_ && Clock::now() < end) {
    if (::poll(&watched, 1, int(until(end).count())) > 0) {
      std::uint64_t count;
      (void)!::read(wakeup_, &count, sizeof count);
    }
  }
}

void DaemonLink::wake() {
  const std::uint64_t one = 1;
  (void)!::write(wakeup_, &one, sizeof one);
}

}  // namespace sweetspot::worker
