#include "daemon/store/idempotency.h"

#include <nlohmann/json.hpp>

#include "daemon/store/event_log.h"

namespace sweetspot::daemon {
namespace {

// What was made under this key before; nullopt: the key is new.
Result<std::optional<SweepAdded>> earlier_answer(Database& database, const Idempotency& idempotency) {
  std::optional<SweepAdded> answer;
  std::string fingerprint;
  Status read = database.each(
      "SELECT fingerprint, sweep.id, priority, paused FROM idempotency JOIN sweep ON sweep.id = body ->> "
      "'$.sweep'"
      " WHERE key = ?",
      [&](const Row& row) {
        fingerprint = row.get<std::string>(0);
        answer = SweepAdded{{row.get<SweepId>(1), row.get<int>(2), row.get<bool>(3)}, {}};
      },
      idempotency.key);
  if (!read) return read.error();
  if (answer && fingerprint != idempotency.fingerprint) {
    return Error{"idempotency_conflict", "this Idempotency-Key was used for another request",
                 "send a new key"};
  }
  return answer;
}

Status keep_answer(Database& database, const Idempotency& idempotency, SweepId sweep) {
  const nlohmann::json body = {{"id", to_string(sweep)}, {"sweep", sweep.value}};
  return database.run("INSERT INTO idempotency VALUES (?, ?, 201, ?, ?)", idempotency.key,
                      idempotency.fingerprint, body.dump(), utc_now());
}

}  // namespace

Result<SweepAdded> add_once(Database& database, Result<Transaction> transaction,
                            const std::optional<Idempotency>& idempotency,
                            const std::function<Result<SweepAdded>()>& add) {
  if (!transaction) return transaction.error();
  if (idempotency) {
    auto earlier = earlier_answer(database, *idempotency);
    if (!earlier) return earlier.error();
    if (*earlier) return **std::move(earlier);
  }
  auto added = add();
  if (!added) return added;
  Status stored = record_sweep(database, added->sweep.id);
  if (stored && idempotency) stored = keep_answer(database, *idempotency, added->sweep.id);
  if (stored) stored = transaction->commit();
  if (!stored) return stored.error();
  return added;
}

}  // namespace sweetspot::daemon
