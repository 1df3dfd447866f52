// The daemon's table answers ({name, definition, rows, missing, summary}) as tables for a terminal.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace sweetspot::daemon {

// One row for each encoder, depth, seed and further setting; a WER column for each language and LoRA setting.
// Cells that are not done are null.
nlohmann::json pivot_wer(const nlohmann::json& rows);

// Members that are objects become members of their own: {"wer": {"da": .2}} -> {"wer da": .2}; those of
// `settings` keep their own name.
nlohmann::json flatten(const nlohmann::json& rows);

}  // namespace sweetspot::daemon
