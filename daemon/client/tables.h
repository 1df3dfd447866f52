// The daemon's table answers ({name, definition, rows, missing, summary}) as tables for a terminal.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "daemon/client/table.h"

namespace sweetspot::daemon {

// One row for each encoder, depth, seed and further setting; a WER column for each language and LoRA setting.
// Cells that are not done are null; one that differs from the whole encoder without LoRA by no more than
// chance allows is text that ends in kNotSignificant.
inline constexpr const char* kNotSignificant = " ≈";
nlohmann::json pivot_wer(const nlohmann::json& rows);

// The rows with the columns, titles and kinds that the answer describes; a column that is null in every row
// is left out. Without a description: all that is there.
Table table_as_described(const nlohmann::json& document);

// Members that are objects become members of their own: {"wer": {"da": .2}} -> {"wer da": .2}; those of
// `settings` keep their own name.
nlohmann::json flatten(const nlohmann::json& rows);

}  // namespace sweetspot::daemon
