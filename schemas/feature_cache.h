// The one setting of a worker that the daemon must know to say how much memory a cell needs.
#pragma once

#include <cstdint>

namespace sweetspot {

// Of encoder features, in the device's memory: what a worker keeps at most.
inline constexpr std::int64_t kFeatureCacheBytes = std::int64_t(6) << 30;

}  // namespace sweetspot
