// The worker's end of the socket. Its own thread connects, says Hello, keeps the heartbeat and survives
// restarts of the daemon; the training thread only calls the functions below.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "schemas/worker_message.h"
#include "worker/link/line_socket.h"
#include "worker/link/outbox.h"

namespace sweetspot::worker {

struct LinkOptions {
  std::filesystem::path socket;
  WorkerId worker;
  std::string device;
  std::string build;
  std::chrono::milliseconds give_up = std::chrono::minutes(15);  // without a daemon
  const std::atomic<bool>* asked_to_end = nullptr;  // by a signal: what comes from then on is handed back
};

// Why the worker is to end, and with which exit code.
struct Goodbye {
  std::string reason;
  int code = 0;
};
inline constexpr int kDaemonLost = 75;  // EX_TEMPFAIL: no daemon came back

class DaemonLink {
 public:
  explicit DaemonLink(LinkOptions options);
  ~DaemonLink();

  // Waits for work; nullopt: goodbye() says why there will be none.
  std::optional<Start> wait_for_start();
  Goodbye goodbye();

  // To be asked between steps: the grant was cancelled or is stale, or the worker is to end.
  bool must_stop(const Grant& grant);
  // To be asked as well: the worker is to keep where it stands, hand everything back and end.
  bool leaving() const { return options_.asked_to_end && *options_.asked_to_end; }

  void send(WorkerMessage message);         // reliable: kept until the daemon has committed it
  void progress(const Progress& progress);  // may be dropped
  void count_step() { ++steps_; }           // for the heartbeat

 private:
  void run();
  std::optional<LineSocket> connect();
  void converse(LineSocket& socket);
  bool exchange(LineSocket& socket,
                std::chrono::milliseconds patience);  // one poll; false: the connection is over
  void hear(const DaemonMessage& message);
  void on(const Welcome&);
  void on(const Start& start);
  void on(const Cancel& cancel);
  void on(const Ack& ack);
  void on(const Stale& stale);
  void on(const Exit& exit);
  void say_goodbye(Goodbye goodbye);
  void leave_when_done();
  Hello hello();
  void sleep(std::chrono::milliseconds pause);
  void wake();

  const LinkOptions options_;
  const int wakeup_;  // eventfd: the training thread has something for the I/O thread
  std::atomic<std::int64_t> steps_ = 0;
  std::atomic<bool> closing_ = false;

  std::mutex mutex_;  // of everything below
  std::condition_variable changed_;
  Outbox outbox_;
  std::deque<Start> starts_;
  std::set<Grant> to_stop_;
  std::optional<Goodbye> goodbye_;
  bool welcomed_ = false, waiting_ = false;

  std::thread thread_;
};

}  // namespace sweetspot::worker
