// How much disk the encoder features of a sweep take, if all are kept at once. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/memory_need.h"

namespace sweetspot::daemon {

// Of one encoder over one language's corpus: 50 frames a second * width * 2 bytes on a GPU in bf16, 4
// otherwise, for each depth that a cell keeps. Clips are padded to the next whole second: half a second each
// comes on top of the hours, which are known for the training split, and only where the sweep limits it.
struct FeatureNeed {
  std::string encoder, language;
  int depths = 0;
  std::int64_t bytes_an_hour = 0;
  std::optional<std::int64_t> bytes;  // of the hours that the sweep trains on
  bool operator==(const FeatureNeed&) const = default;
};

FeatureNeed feature_need(const Cell& cell, const EncoderShape& encoder, int depths, Hardware hardware);

}  // namespace sweetspot::daemon
