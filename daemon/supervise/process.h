// A process in a session of its own, so that it outlives the daemon: started by us, or found alive at start.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/asio.h"
#include "daemon/core/event.h"
#include "schemas/result.h"

namespace sweetspot::daemon {

struct Command {
  std::filesystem::path program;
  std::vector<std::string> arguments;         // without the program
  std::filesystem::path log;                  // standard output and error are appended to it
  std::vector<std::string> environment = {};  // "NAME=value", beside the allowed part of our own
};

class Process {
 public:
  // Starts it with standard input from /dev/null, the allowed part of our environment and no other
  // descriptor.
  static Result<Process> spawn(asio::io_context& context, const Command& command);

  // A living process that somebody else started; code process_gone when the pid has none with that start
  // time.
  static Result<Process> attach(asio::io_context& context, pid_t pid, std::int64_t start_time);

  // Returns when it has ended and, if it was our child, been reaped. ExitedWith{-1}: not our child. Once
  // only.
  asio::awaitable<ProcessEnd> wait();

  // To the whole process group; nothing happens once the process has ended, so a reused pid is never hit.
  void signal(int number);

  bool alive();
  pid_t pid() const { return pid_; }

 private:
  Process(pid_t pid, asio::posix::stream_descriptor pidfd);
  static Result<Process> watch(asio::io_context& context, pid_t pid);
  ProcessEnd reap();

  pid_t pid_;
  asio::posix::stream_descriptor pidfd_;
};

}  // namespace sweetspot::daemon
