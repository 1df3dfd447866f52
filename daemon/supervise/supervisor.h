// Worker processes and their sessions: starts, hears, tells, ends and adopts them. Decides nothing: what
// happens is posted as Events, what to do comes from the reactor's actions.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/asio.h"
#include "daemon/core/event.h"
#include "daemon/store/store.h"
#include "daemon/supervise/worker_session.h"
#include "schemas/worker_message.h"

namespace sweetspot::daemon {

class Process;
class WorkerListener;

struct SupervisorOptions {
  std::filesystem::path state_directory;  // holds worker.sock and workers/wk_N.log
  std::filesystem::path worker_binary;
  std::int64_t feature_cache = 0;  // bytes that workers may keep in <state>/features; 0: nothing
  std::chrono::seconds grace{10};  // from SIGTERM to SIGKILL
  std::function<void(const std::string&)> log;
};

// Every member runs on the loop's thread, and every Event is posted from there: WorkerConnected, WorkerSaid,
// WorkerDisconnected, WorkerEnded. None is posted from inside one of these calls.
class Supervisor {
 public:
  Supervisor(asio::io_context& context, SupervisorOptions options, std::function<void(Event)> post);
  ~Supervisor();

  // Binds <state>/worker.sock, replacing a stale one: only the holder of the state directory's lock may call
  // it.
  Status listen();

  // Spawns `<worker> serve --socket PATH --device D --worker N --threads T [--features <state>/features
  // --feature-bytes N]`. A failure to start is a WorkerEnded with CouldNotStart.
  void launch(WorkerId worker, const std::string& device, int threads);

  // Watches a process that an earlier daemon started. It ends with ExitedWith{-1}, since only a parent learns
  // more; at once when it is already gone, or the pid is another process's.
  void adopt(const Store::KnownWorker& known);

  // A worker that said Hello says nothing more until the reactor answers it: Welcome makes it the session of
  // its worker (an older one is closed without a word), refuse() sends Exit and closes it. Messages for a
  // worker without a session are dropped: it will say Hello again.
  void send(WorkerId worker, const DaemonMessage& message);
  void refuse(WorkerId worker, const std::string& why);

  // SIGTERM, grace, SIGKILL, all to the worker's process group; WorkerEnded follows, also when nothing is
  // left to kill.
  void kill(WorkerId worker, const std::string& why);

  // SIGKILL to all, with nothing said: what they work for is gone.
  void kill_all();

  // Closes the session; the process is left alone and will connect again.
  void close(WorkerId worker);

  // To be called now and then: no worker's log grows without an end.
  void keep_logs_short() const;

  // Closes the socket and all sessions, for the daemon's own end. The processes live on.
  void stop();

 private:
  using SessionPtr = std::shared_ptr<WorkerSession>;
  struct Newcomer {  // said Hello, not answered yet
    Hello hello;
    SessionPtr session;
  };

  std::filesystem::path log_of(WorkerId worker) const;
  std::filesystem::path socket_path() const;
  WorkerSession::Callbacks callbacks();
  std::optional<WorkerId> worker_of(const SessionPtr& session) const;
  std::optional<Newcomer> take_newcomer(WorkerId worker);  // the one that came first
  void welcome(WorkerId worker);
  void session_ended(const SessionPtr& session, const std::string& why);

  void watch(WorkerId worker, std::shared_ptr<Process> process);
  void end_soon(WorkerId worker, ProcessEnd end);
  asio::awaitable<void> terminate(std::shared_ptr<Process> process);

  asio::io_context& context_;
  SupervisorOptions options_;
  std::function<void(Event)> post_;
  std::unique_ptr<WorkerListener> listener_;
  std::map<WorkerId, std::shared_ptr<Process>> processes_;
  std::map<WorkerId, SessionPtr> sessions_;
  std::deque<Newcomer> newcomers_;
};

}  // namespace sweetspot::daemon
