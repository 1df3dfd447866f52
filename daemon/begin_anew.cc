#include "daemon/begin_anew.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace sweetspot::daemon {
namespace {

constexpr const char* kLastTime = "SWEETSPOT_BEGAN_ANEW";  // seconds of the steady clock
constexpr std::int64_t kAtMostEverySeconds = 60;
constexpr int kExitCode = 5;

bool did_so_lately(std::int64_t now) {
  const char* last = std::getenv(kLastTime);
  return last && now - std::atoll(last) < kAtMostEverySeconds;
}

std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

}  // namespace

void begin_anew() {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count();
  if (did_so_lately(now)) std::_Exit(kExitCode);
  ::setenv(kLastTime, std::to_string(now).c_str(), 1);
  std::vector<std::string> arguments = own_arguments();
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::closefrom(STDERR_FILENO + 1);  // the lock, the sockets and the database among them
  ::execv("/proc/self/exe", pointers.data());
  std::_Exit(kExitCode);
}

}  // namespace sweetspot::daemon
