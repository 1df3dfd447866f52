// Table "degradation": how many utterances the first cut makes worse, and how many LoRA brings back.
#pragma once

#include <span>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

// Table 4 of arXiv 2603.27981. An utterance is degraded when it has more errors than with the whole encoder
// without LoRA (counts are compared, as its reference is the same). `base` and `lora` are shares of all test
// utterances, of the cut encoder without and with LoRA against that same baseline; `recovered` is their
// difference. The paper's text can also be read as the share of the degraded ones that LoRA brings back:
// that is `recovered_of_degraded`. NAME_low and NAME_high: the 95 % interval of each (bootstrap.h, Shares).
Report degradation_table(std::span<const CellResult> cells);

}  // namespace sweetspot::daemon
