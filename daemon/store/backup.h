// Copies of the database that are whole: before a migration, and whenever a person asks.
#pragma once

#include <filesystem>

#include "daemon/store/sqlite.h"
#include "schemas/result.h"

namespace sweetspot::daemon {

// Writes a copy of what is committed, also while a daemon works, under another name first and fsynced.
// Errors: backup_exists (nothing is ever overwritten), and those of the database.
Status back_up(Database& database, const std::filesystem::path& file);
// The same for the database of a state directory; it is only read. Errors: also database_missing.
Status back_up_state(const std::filesystem::path& state, const std::filesystem::path& file);

// Before migrations: <state>/backups/sweetspot-v<version>.db; the newest three versions are kept.
Status back_up_version(Database& database, const std::filesystem::path& state, int version);

// Puts a backup in the database's place, which is kept beside it as sweetspot.db.before-restore, with a
// number when there is one already. Errors: those of the lock (a daemon works on this directory),
// backup_damaged (also what was never one), database_newer.
Status restore(const std::filesystem::path& file, const std::filesystem::path& state);

}  // namespace sweetspot::daemon
