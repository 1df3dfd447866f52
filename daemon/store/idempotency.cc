#include "daemon/store/idempotency.h"

#include <nlohmann/json.hpp>

#include "daemon/store/event_log.h"

namespace sweetspot::daemon {

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

}  // namespace sweetspot::daemon
