// Table "reduction": what LoRA takes off the WER of the whole encoder, and of the encoder cut once.
#pragma once

#include <span>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

// Table 5 of arXiv 2603.27981: WER without LoRA minus WER with LoRA, both corpus WERs, at the whole depth and
// at the next one. `larger` says where LoRA takes off more.
Report reduction_table(std::span<const CellResult> cells);

}  // namespace sweetspot::daemon
