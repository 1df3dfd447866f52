// schemas/migrations/*.sql, compiled in and run in order of their numbers.
#pragma once

#include <filesystem>

#include "daemon/store/sqlite.h"
#include "schemas/result.h"

namespace sweetspot::daemon {

// The user_version that migrate() ends with.
int newest_schema_version();

Result<int> schema_version(Database& database);
// Error: database_newer.
Status openable(int version);

// Runs what the database lacks, each file in a transaction of its own, after a backup in the state directory.
// A database from a newer version is refused unchanged (code database_newer).
Status migrate(Database& database, const std::filesystem::path& state);

}  // namespace sweetspot::daemon
