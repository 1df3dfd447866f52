// Table "sweet-spot": the smallest encoder that is still as good as the whole one.
#pragma once

#include <span>

#include "daemon/report/report.h"
#include "daemon/report/spot_rule.h"

namespace sweetspot::daemon {

// By default the rule of arXiv 2603.27981 (Table 3): the deepest cut whose WER with LoRA is below the WER of
// the unpruned encoder without LoRA in every language. "Unpruned" is the deepest depth of that encoder in the
// sweep. Decided for each encoder and each setting of further axes, and over all encoders; of several seeds
// the mean decides, and each seed has its own rows. A cell that is missing leaves the verdict open only where
// it could still change it; the summary names those cells, and says of every configuration why it is not the
// one.
Report sweet_spot_table(std::span<const CellResult> cells, const SpotRule& rule = {});

}  // namespace sweetspot::daemon
