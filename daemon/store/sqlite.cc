#include "daemon/store/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <map>

namespace sweetspot::daemon {
namespace {

// Full durability: a commit that was answered survives a power cut. mmap stays off, because a torn page must
// be an error and not a signal; checkpoints are ours, so that only the writing connection ever makes one. The
// cache holds the index of 100,000 hashes, which come in no order.
// EXTRA is FULL, and the directory is synced when a rollback journal is removed, which a new database has before
// it has its log: one that came back after a power cut would undo everything since.
constexpr std::string_view kWriterSettings =
    "PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA foreign_keys=ON;"
    "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA cache_size=-16384;";
constexpr std::string_view kReaderSettings =
    "PRAGMA query_only=ON; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;";

constexpr int kBusyTimeoutMs = 5000;
constexpr int kCheckpointPages = 1024;  // 4 MiB of 4 KiB pages

Error describe(int code, std::string_view message) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {"database_busy", fmt::format("the database is locked: {}", message),
              "close other programs that have the database open, then try again"};
    case SQLITE_FULL:
      return {"disk_full", fmt::format("the database cannot grow: {}", message),
              "free space on the disk that holds the state directory"};
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return {"database_io", fmt::format("the database file cannot be read or written: {}", message),
              "check the disk and the permissions of the state directory"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {"database_corrupt", fmt::format("the database is damaged: {}", message),
              "restore the state directory from a backup, or start with another --state directory"};
    case SQLITE_CONSTRAINT:
      return {"database_constraint", fmt::format("the database refused the change: {}", message), ""};
    default:
      return {"database_error", fmt::format("the database failed: {} (SQLite code {})", message, code), ""};
  }
}

}  // namespace

struct Connection {
  sqlite3* handle = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> idle;  // prepared statements that nobody uses now
  int wal_pages = 0;

  Error error(int code) const {
    return describe(code, handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
  }

  ~Connection() {
    for (auto& [sql, statement] : idle) sqlite3_finalize(statement);
    sqlite3_close_v2(handle);
  }
};

// --- Row ---

bool Row::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
std::int64_t Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Row::real(int column) const { return sqlite3_column_double(statement_, column); }
std::string_view Row::text(int column) const {
  auto bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes ? std::string_view(bytes, std::size_t(sqlite3_column_bytes(statement_, column))) : "";
}

// --- Statement ---

Statement::Statement(Connection& connection, std::string sql, sqlite3_stmt* handle)
    : connection_(&connection), sql_(std::move(sql)), handle_(handle) {}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      sql_(std::move(other.sql_)),
      handle_(std::exchange(other.handle_, nullptr)),
      bound_(other.bound_),
      error_(other.error_) {}

Statement::~Statement() {
  if (!handle_) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  if (!connection_->idle.try_emplace(std::move(sql_), handle_).second) sqlite3_finalize(handle_);
}

void Statement::bind_integer(std::int64_t value) { error_ |= sqlite3_bind_int64(handle_, ++bound_, value); }
void Statement::bind_real(double value) { error_ |= sqlite3_bind_double(handle_, ++bound_, value); }
void Statement::bind_null() { error_ |= sqlite3_bind_null(handle_, ++bound_); }
void Statement::bind_text(std::string_view value) {
  const char* bytes = value.data() ? value.data() : "";  // a null pointer would bind NULL
  error_ |= sqlite3_bind_text64(handle_, ++bound_, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

Result<bool> Statement::step() {
  if (error_) return Error{"database_error", fmt::format("a value could not be bound to: {}", sql_), ""};
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->error(code);
}

Status Statement::each(const std::function<void(const Row&)>& visit) {
  while (true) {
    auto stepped = step();
    if (!stepped) return stepped.error();
    if (!*stepped) return success();
    visit(row());
  }
}

Status Statement::run() {
  Status done = each([](const Row&) {});
  sqlite3_reset(handle_);
  bound_ = 0;
  return done;
}

// --- Database ---

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::filesystem::path& file, int flags, std::string_view settings) {
  Database database(std::make_unique<Connection>());
  const int code =
      sqlite3_open_v2(file.c_str(), &database.connection_->handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    Error failed = database.connection_->error(code);
    failed.message += fmt::format(" ({})", file.string());
    return failed;
  }
  sqlite3* handle = database.connection_->handle;
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (Status set = database.script(settings); !set) return set.error();
  return database;
}

Result<Database> Database::open_for_writing(const std::filesystem::path& file) {
  auto database = open(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, kWriterSettings);
  if (!database) return database;
  auto remember_size = [](void* connection, sqlite3*, const char*, int pages) {
    static_cast<Connection*>(connection)->wal_pages = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database->connection_->handle, remember_size, database->connection_.get());
  return database;
}

Result<Database> Database::open_for_reading(const std::filesystem::path& file) {
  auto database = open(file, SQLITE_OPEN_READWRITE, kReaderSettings);
  if (database)
    sqlite3_db_config(database->connection_->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return database;
}

Result<Database> Database::open_for_copying(const std::filesystem::path& file) {
  auto database = open(file, SQLITE_OPEN_READONLY, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;");
  if (database)
    sqlite3_db_config(database->connection_->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
  if (auto found = connection_->idle.find(sql); found != connection_->idle.end()) {
    auto idle = connection_->idle.extract(found);
    return Statement(*connection_, std::move(idle.key()), idle.mapped());
  }
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(connection_->handle, sql.data(), int(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return connection_->error(code);
  return Statement(*connection_, std::string(sql), handle);
}

Status Database::script(std::string_view sql) {
  const int code = sqlite3_exec(connection_->handle, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? success() : Status(connection_->error(code));
}

void Database::wait_for_locks(std::chrono::milliseconds patience) {
  sqlite3_busy_timeout(connection_->handle, int(patience.count()));
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(connection_->handle); }
std::int64_t Database::changes() const { return sqlite3_changes64(connection_->handle); }

// Passive: it copies what no reader needs any more and never waits, so the loop is not held up.
void Database::checkpoint_when_large() {
  if (connection_->wal_pages < kCheckpointPages) return;
  sqlite3_wal_checkpoint_v2(connection_->handle, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  connection_->wal_pages = 0;
}

// --- Transaction ---

Result<Transaction> Transaction::begin(Database& database, std::string_view sql) {
  if (Status begun = database.run(sql); !begun) return begun.error();
  return Transaction(database);
}
Result<Transaction> Transaction::write(Database& database) { return begin(database, "BEGIN IMMEDIATE"); }
Result<Transaction> Transaction::read(Database& database) { return begin(database, "BEGIN"); }

Status Transaction::commit() {
  Status committed = database_->run("COMMIT");
  if (!committed) return committed;  // still open, most often: the destructor rolls back
  database_->checkpoint_when_large();
  database_ = nullptr;
  return committed;
}

Transaction::~Transaction() {
  if (database_ && !sqlite3_get_autocommit(database_->connection_->handle)) (void)database_->run("ROLLBACK");
}

}  // namespace sweetspot::daemon
