// Learning rates as pure functions of the number of optimiser steps already taken, in units of the base rate.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace sweetspot::worker {

// Linear warm-up, then a half cosine down to `min_ratio`: the paper's. The first step has rate 0.
struct WarmupCosine {
  std::int64_t steps = 0, warmup = 0;
  double min_ratio = 0.1;

  double at(std::int64_t step) const {
    if (step < warmup) return double(step) / double(warmup);
    const double progress = double(step - warmup) / double(std::max<std::int64_t>(1, steps - warmup));
    return min_ratio + (1 - min_ratio) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
  }
};

}  // namespace sweetspot::worker
