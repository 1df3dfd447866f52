// Store: what people say of runs.
#include <fmt/format.h>

#include "daemon/store/event_log.h"
#include "daemon/store/store_impl.h"

namespace sweetspot::daemon {

Status Store::edit_run(RunId run, const RunEdit& edit) {
  auto transaction = impl_->begin();
  if (!transaction) return transaction.error();
  Database& database = impl_->database;
  Status written = database.run(
      "UPDATE run SET note = coalesce(?, note), tags = coalesce(?, tags), revision = revision + 1 WHERE id = "
      "?",
      edit.note, edit.tags, run);
  if (!written) return written;
  if (database.changes() == 0)
    return Error{"not_found", "there is no " + to_string(run), "list what there is with `sweetspot runs`"};
  written = record_run(database, run);
  return written ? transaction->commit() : written;
}

}  // namespace sweetspot::daemon
