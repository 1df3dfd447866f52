#include "daemon/supervise/supervisor.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <csignal>

#include "daemon/rethrow.h"
#include "daemon/supervise/log_limit.h"
#include "daemon/supervise/process.h"
#include "daemon/supervise/worker_listener.h"
#include "daemon/supervise/worker_session.h"
#include "schemas/process_identity.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;

namespace {
// For glibc (2.35 and later; others pass it over): memory in huge pages, which a worker keeps instead of
// having the system clear it anew for each step. A training step on a CPU took 0.87 to 1 of its time so.
constexpr const char* kMemoryOfWorkers =
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824:"
    "glibc.malloc.trim_threshold=1073741824";
}  // namespace

Supervisor::Supervisor(asio::io_context& context, SupervisorOptions options, std::function<void(Event)> post)
    : context_(context), options_(std::move(options)), post_(std::move(post)) {}
Supervisor::~Supervisor() = default;

Status Supervisor::listen() {
  auto listener = WorkerListener::bind(context_, socket_path());
  if (!listener) return listener.error();
  listener_ = *std::move(listener);
  listener_->start([this](WorkerSession::Socket socket) {
    std::make_shared<WorkerSession>(std::move(socket), callbacks())->start();
  });
  return success();
}

fs::path Supervisor::log_of(WorkerId worker) const {
  return options_.state_directory / "workers" / (to_string(worker) + ".log");
}
fs::path Supervisor::socket_path() const { return options_.state_directory / "worker.sock"; }

// --- sessions ---

WorkerSession::Callbacks Supervisor::callbacks() {
  return {
      .hello =
          [this](WorkerSession::SessionPtr session, Hello hello) {
            newcomers_.push_back({hello, std::move(session)});
            post_(WorkerConnected{std::move(hello)});
          },
      .said =
          [this](WorkerSession::SessionPtr session, WorkerFrame frame) {
            if (auto worker = worker_of(session)) post_(WorkerSaid{*worker, std::move(frame)});
          },
      .ended = [this](WorkerSession::SessionPtr session, std::string why) { session_ended(session, why); },
      .log = options_.log,
  };
}

std::optional<WorkerId> Supervisor::worker_of(const SessionPtr& session) const {
  for (const auto& [worker, current] : sessions_) {
    if (current == session) return worker;
  }
  return std::nullopt;
}

// A worker that breaks the protocol is ended: what it says next could be worse.
void Supervisor::session_ended(const SessionPtr& session, const std::string& why) {
  std::erase_if(newcomers_, [&](const Newcomer& newcomer) { return newcomer.session == session; });
  const auto worker = worker_of(session);
  if (!worker) return;
  sessions_.erase(*worker);
  post_(WorkerDisconnected{*worker});
  if (!why.empty()) kill(*worker, why);
}

std::optional<Supervisor::Newcomer> Supervisor::take_newcomer(WorkerId worker) {
  const auto found =
      std::ranges::find_if(newcomers_, [&](const Newcomer& n) { return n.hello.worker == worker; });
  if (found == newcomers_.end()) return std::nullopt;
  Newcomer newcomer = std::move(*found);
  newcomers_.erase(found);
  return newcomer;
}

void Supervisor::welcome(WorkerId worker) {
  auto newcomer = take_newcomer(worker);
  if (!newcomer) return;
  if (auto older = sessions_.extract(worker)) older.mapped()->close();
  sessions_[worker] = newcomer->session;
  const Hello& hello = newcomer->hello;
  // It may have been started before our time: what is to be ended later must be watched now.
  if (!processes_.contains(worker)) adopt({worker, hello.device, hello.pid, hello.start_time, boot_id()});
  newcomer->session->welcome();
}

void Supervisor::send(WorkerId worker, const DaemonMessage& message) {
  if (std::holds_alternative<Welcome>(message)) welcome(worker);
  if (const auto session = sessions_.find(worker); session != sessions_.end()) session->second->send(message);
}

void Supervisor::refuse(WorkerId worker, const std::string& why) {
  if (auto newcomer = take_newcomer(worker)) newcomer->session->finish(Exit{why});
}

void Supervisor::close(WorkerId worker) {
  if (auto session = sessions_.extract(worker)) session.mapped()->close();
}

void Supervisor::stop() {
  if (listener_) listener_->close();
  for (auto& [worker, session] : sessions_) session->close();
  for (auto& newcomer : newcomers_) newcomer.session->close();
  sessions_.clear();
  newcomers_.clear();
}

// --- processes ---

void Supervisor::launch(WorkerId worker, const std::string& device, int threads) {
  std::error_code unwritable;
  fs::create_directories(log_of(worker).parent_path(), unwritable);
  std::vector<std::string> arguments = {"serve",
                                        "--socket",
                                        socket_path().string(),
                                        "--device",
                                        device,
                                        "--worker",
                                        std::to_string(worker.value),
                                        "--threads",
                                        std::to_string(threads)};
  if (options_.feature_cache > 0)
    for (const std::string& word :
         {std::string("--features"), (options_.state_directory / "features").string(),
          std::string("--feature-bytes"), std::to_string(options_.feature_cache)})
      arguments.push_back(word);
  auto process = Process::spawn(context_, {.program = options_.worker_binary,
                                           .arguments = std::move(arguments),
                                           .log = log_of(worker),
                                           .environment = {kMemoryOfWorkers}});
  if (process) {
    watch(worker, std::make_shared<Process>(*std::move(process)));
  } else {
    end_soon(worker, CouldNotStart{process.error()});
  }
}

void Supervisor::adopt(const Store::KnownWorker& known) {
  if (known.pid <= 0 || known.boot != boot_id()) return end_soon(known.id, ExitedWith{-1});
  auto process = Process::attach(context_, pid_t(known.pid), known.start_time);
  if (!process) return end_soon(known.id, ExitedWith{-1});
  watch(known.id, std::make_shared<Process>(*std::move(process)));
}

void Supervisor::keep_logs_short() const {
  for (const auto& [worker, process] : processes_) keep_log_short(log_of(worker));
}

void Supervisor::end_soon(WorkerId worker, ProcessEnd end) {
  asio::post(context_, [this, worker, end = std::move(end)] { post_(WorkerEnded{worker, end}); });
}

void Supervisor::watch(WorkerId worker, std::shared_ptr<Process> process) {
  processes_[worker] = process;
  asio::co_spawn(context_, process->wait(),
                 [this, worker, process](std::exception_ptr failed, ProcessEnd end) {
                   if (failed) end = ExitedWith{-1};  // only when the loop itself is being taken down
                   processes_.erase(worker);
                   post_(WorkerEnded{worker, std::move(end)});
                 });
}

void Supervisor::kill(WorkerId worker, const std::string& why) {
  const auto found = processes_.find(worker);
  if (found == processes_.end()) return end_soon(worker, ExitedWith{-1});
  options_.log(fmt::format("{}: ending its process: {}", to_string(worker), why));
  asio::co_spawn(context_, terminate(found->second), kRethrow);
}

void Supervisor::kill_all() {
  for (const auto& [worker, process] : processes_) process->signal(SIGKILL);
}

asio::awaitable<void> Supervisor::terminate(std::shared_ptr<Process> process) {
  process->signal(SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + options_.grace;
  asio::steady_timer timer(context_);
  while (process->alive() && std::chrono::steady_clock::now() < deadline) {
    timer.expires_after(std::chrono::milliseconds(50));
    co_await timer.async_wait(asio::use_awaitable);
  }
  process->signal(SIGKILL);
}

}  // namespace sweetspot::daemon
