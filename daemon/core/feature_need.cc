#include "daemon/core/feature_need.h"

namespace sweetspot::daemon {

FeatureNeed feature_need(const Cell& cell, const EncoderShape& encoder, int depths, Hardware hardware) {
  constexpr std::int64_t kFramesAnHour = std::int64_t(kFramesASecond) * 3600;
  const bool half = hardware == Hardware::gpu && cell.train.precision == "bf16";
  FeatureNeed need{.encoder = cell.encoder, .language = cell.language, .depths = depths};
  need.bytes_an_hour = kFramesAnHour * encoder.width * (half ? 2 : 4) * depths;
  if (cell.corpus.train_hours)
    need.bytes = std::int64_t(*cell.corpus.train_hours * double(need.bytes_an_hour));
  return need;
}

}  // namespace sweetspot::daemon
