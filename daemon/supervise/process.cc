#include "daemon/supervise/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <string_view>

#include "schemas/process_identity.h"

extern char** environ;

namespace sweetspot::daemon {
namespace {

// What a worker may know of our environment: where programs, models and GPUs are, and nothing that is secret.
constexpr std::array kAllowedVariables = {"PATH",
                                          "HOME",
                                          "USER",
                                          "LANG",
                                          "TZ",
                                          "TMPDIR",
                                          "LD_LIBRARY_PATH",
                                          "HF_HOME",
                                          "HF_HUB_CACHE",
                                          "OMP_NUM_THREADS",
                                          "MKL_NUM_THREADS",
                                          "SSL_CERT_FILE"};
constexpr std::array kAllowedPrefixes = {"CUDA_", "NVIDIA_", "XDG_", "TORCH_", "PYTORCH_", "LC_"};

bool is_allowed(std::string_view assignment) {
  const auto name = assignment.substr(0, assignment.find('='));
  auto begins_name = [&](std::string_view prefix) { return name.starts_with(prefix); };
  return std::ranges::find(kAllowedVariables, name) != kAllowedVariables.end() ||
         std::ranges::any_of(kAllowedPrefixes, begins_name);
}

// As posix_spawn takes lists of words. What it points to must outlive it.
std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

// posix_spawn's two argument objects. Signals start as the system has them, in a new session and so a new
// group.
struct SpawnSetup {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  explicit SpawnSetup(const std::filesystem::path& log) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);

    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
};

Error cannot_start(const std::filesystem::path& program, int error) {
  return {"worker_start", fmt::format("cannot start {}: {}", program.string(), std::strerror(error)),
          error == ENOENT ? "build sweetspot-worker, or name it with --worker"
                          : "see the system's limits and logs"};
}

}  // namespace

Process::Process(pid_t pid, asio::posix::stream_descriptor pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

Result<Process> Process::watch(asio::io_context& context, pid_t pid) {
  const int pidfd = int(::syscall(SYS_pidfd_open, pid, 0));  // close-on-exec by definition
  if (pidfd < 0) {
    return Error{"process_gone", fmt::format("process {} cannot be watched: {}", pid, std::strerror(errno)),
                 ""};
  }
  return Process(pid, asio::posix::stream_descriptor(context, pidfd));
}

Result<Process> Process::spawn(asio::io_context& context, const Command& command) {
  std::vector<std::string> words = {command.program.string()};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> variables = command.environment;
  for (char** variable = environ; *variable; ++variable)
    if (is_allowed(*variable)) variables.push_back(*variable);

  const SpawnSetup setup(command.log);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, command.program.c_str(), &setup.files, &setup.attributes,
                                  pointers(words).data(), pointers(variables).data());
  if (error != 0) return cannot_start(command.program, error);
  auto process = watch(context, pid);
  if (!process) {  // out of descriptors: what cannot be watched must not run
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  return process;
}

Result<Process> Process::attach(asio::io_context& context, pid_t pid, std::int64_t start_time) {
  auto process = watch(context, pid);
  if (!process) return process;
  // After the pidfd is open its process is fixed; only now does the start time prove anything.
  if (process_start_time(pid) != start_time || !process->alive()) {
    return Error{"process_gone", fmt::format("process {} has ended; the pid is another's now", pid), ""};
  }
  return process;
}

bool Process::alive() {
  pollfd ended{.fd = pidfd_.native_handle(), .events = POLLIN, .revents = 0};
  return ::poll(&ended, 1, 0) == 0;
}

void Process::signal(int number) {
  if (!alive()) return;
  const bool leads_no_group = ::kill(-pid_, number) != 0 && errno == ESRCH;  // started by hand from a script
  if (leads_no_group) ::syscall(SYS_pidfd_send_signal, pidfd_.native_handle(), number, nullptr, 0);
}

asio::awaitable<ProcessEnd> Process::wait() {
  co_await pidfd_.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
  ProcessEnd end = reap();
  co_return end;
}

// Only a parent learns how it ended; that may be us also of one that was attached, if we took our own place
// since.
ProcessEnd Process::reap() {
  const auto pidfd = id_t(pidfd_.native_handle());
  siginfo_t info{};
  while (::waitid(P_PIDFD, pidfd, &info, WEXITED | WNOWAIT) != 0)
    if (errno != EINTR) return ExitedWith{-1};
  // While the zombie is not reaped its pid, and so its group, cannot be another's: what it left behind goes
  // first.
  ::kill(-pid_, SIGKILL);
  while (::waitid(P_PIDFD, pidfd, &info, WEXITED) != 0)
    if (errno != EINTR) return ExitedWith{-1};
  if (info.si_code == CLD_EXITED) return ExitedWith{info.si_status};
  return KilledBy{info.si_status};
}

}  // namespace sweetspot::daemon
