// What an attempt leaves in its directory beside the files of its result (metrics.h).
#pragma once

namespace sweetspot {

// Where it stood, so that another attempt may go on from there; removed once the run has its result.
inline constexpr const char* kCheckpointDirectory = "checkpoints";

// From which checkpoints it went on: a list of {epoch, step, bit_exact, changed}. Absent: from none.
inline constexpr const char* kResumedFile = "resumed.json";

}  // namespace sweetspot
