// How a coroutine ends whose loss nobody may miss: what it threw goes through the loop, and ends it.
#pragma once

#include <exception>

namespace sweetspot::daemon {

inline constexpr auto kRethrow = [](std::exception_ptr failed) {
  if (failed) std::rethrow_exception(failed);
};

}  // namespace sweetspot::daemon
