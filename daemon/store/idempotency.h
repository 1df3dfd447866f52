// Answers that are given again under their Idempotency-Key.
#pragma once

#include <optional>

#include "daemon/commands.h"
#include "daemon/store/sqlite.h"

namespace sweetspot::daemon {

// What was made under this key before; nullopt: the key is new. Another request under it is an
// idempotency_conflict.
Result<std::optional<SweepAdded>> earlier_answer(Database& database, const Idempotency& idempotency);
Status keep_answer(Database& database, const Idempotency& idempotency, SweepId sweep);

}  // namespace sweetspot::daemon
