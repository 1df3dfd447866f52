#include "worker/commands/commands.h"

#include <fmt/format.h>

namespace sweetspot::worker {

int complain(const Error& error) {
  fmt::print(stderr, "error: {}\n", error.message);
  if (!error.hint.empty()) fmt::print(stderr, "hint: {}\n", error.hint);
  return 1;
}

}  // namespace sweetspot::worker
