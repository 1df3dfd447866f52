// How many chances a test of faults gives them: few in tests/run, many in tests/faults/long.
#pragma once

#include <algorithm>
#include <cstdlib>

namespace sweetspot {

// SWEETSPOT_FAULTS=N asks for N times as many.
inline int times(int count) {
  const char* factor = std::getenv("SWEETSPOT_FAULTS");
  return count * (factor ? std::max(1, std::atoi(factor)) : 1);
}

}  // namespace sweetspot
