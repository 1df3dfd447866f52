#include "daemon/store/migrations.h"

#include <fmt/format.h>

#include <span>
#include <string>

#include "daemon/store/backup.h"
#include "schemas/embedded.h"

namespace sweetspot {
extern const std::span<const EmbeddedFile> kMigrations;
}

namespace sweetspot::daemon {
namespace {

// "0001_first.sql" -> 1
int number_of(const EmbeddedFile& migration) { return std::stoi(std::string(migration.name.substr(0, 4))); }

Status run_migration(Database& database, const EmbeddedFile& migration) {
  auto transaction = Transaction::write(database);
  if (!transaction) return transaction.error();
  if (Status ran = database.script(migration.bytes); !ran) return ran;
  if (Status set = database.script(fmt::format("PRAGMA user_version={}", number_of(migration))); !set)
    return set;
  return transaction->commit();
}

}  // namespace

int newest_schema_version() { return number_of(kMigrations.back()); }

Result<int> schema_version(Database& database) {
  auto version = database.one<int>("PRAGMA user_version");
  return version ? Result<int>(version->value_or(0)) : version.error();
}

Status openable(int version) {
  if (version <= newest_schema_version()) return success();
  return Error{"database_newer",
               fmt::format("the database has schema version {}, this program knows up to {}", version,
                           newest_schema_version()),
               "use a newer sweetspot, or another --state directory"};
}

Status migrate(Database& database, const std::filesystem::path& state) {
  auto version = schema_version(database);
  if (!version) return version.error();
  if (Status known = openable(*version); !known) return known;
  if (*version > 0 && *version < newest_schema_version()) {
    if (Status kept = back_up_version(database, state, *version); !kept) return kept;
  }
  for (const EmbeddedFile& migration : kMigrations) {
    if (number_of(migration) <= *version) continue;
    Status ran = run_migration(database, migration);
    if (!ran) {
      Error failed = ran.error();
      failed.message = fmt::format("migration {}: {}", migration.name, failed.message);
      return failed;
    }
  }
  return success();
}

}  // namespace sweetspot::daemon
