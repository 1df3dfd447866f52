// Sweeps that are added once, however often a request under one Idempotency-Key is sent.
#pragma once

#include <functional>
#include <optional>

#include "daemon/commands.h"
#include "daemon/store/sqlite.h"

namespace sweetspot::daemon {

// Lets `add` write a sweep and its runs in this transaction, then records the sweep and commits: all of it or
// nothing. Under a key that was used before, what was made then is the answer and `add` is not called;
// another request under it is an idempotency_conflict.
Result<SweepAdded> add_once(Database& database, Result<Transaction> transaction,
                            const std::optional<Idempotency>& idempotency,
                            const std::function<Result<SweepAdded>()>& add);

}  // namespace sweetspot::daemon
