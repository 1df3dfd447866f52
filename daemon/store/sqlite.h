// SQLite in a few types: Database, Statement, Transaction. sqlite.cc is the only file that calls sqlite3_*.
//
//   auto names = db.all<std::string>("SELECT name FROM sweep WHERE priority > ?", 3);
//   Status stored = db.run("UPDATE run SET wer = ? WHERE id = ?", wer, run);       // optional: NULL; ids:
//   integers Status read = db.each("SELECT id, wer FROM run WHERE sweep = ?", [&](const Row& row) {
//     wers.emplace(row.get<RunId>(0), row.get<std::optional<double>>(1)); }, sweep);
//
// Errors have the codes database_busy, disk_full, database_io, database_corrupt, database_constraint and
// database_error.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "schemas/ids.h"
#include "schemas/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sweetspot::daemon {

// One row of a statement that has just stepped; valid until its next step. NULL reads as 0 or "" unless T is
// an optional. T: an integer, bool, enum, double, std::string, std::string_view, Id, or std::optional of
// these.
class Row {
 public:
  template <class T>
  T get(int column) const;
  bool is_null(int column) const;

 private:
  friend class Statement;
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;
  sqlite3_stmt* statement_;
};

struct Connection;  // in sqlite.cc

// A prepared statement. Goes back to its Database's cache when destroyed, so preparing the same text again is
// cheap.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Binds the next positions, from 1. A failure shows at the next step.
  template <class... Values>
  Statement& bind(const Values&... values) {
    return (bind_one(values), ..., *this);
  }

  Result<bool> step();  // true: row() is the next row
  Row row() const { return Row(handle_); }

  Status each(const std::function<void(const Row&)>& visit);
  Status run();  // to the end; then it can be bound and run again

 private:
  friend class Database;
  Statement(Connection& connection, std::string sql, sqlite3_stmt* handle);
  void bind_integer(std::int64_t value);
  void bind_real(double value);
  void bind_text(std::string_view value);
  void bind_null();
  template <class T>
  void bind_one(const T& value);

  Connection* connection_;
  std::string sql_;
  sqlite3_stmt* handle_;
  int bound_ = 0;
  int error_ = 0;
};

// One connection. It belongs to one thread at a time.
class Database {
 public:
  // The connection that writes; there is one, and it is also the only one that checkpoints. Makes the file.
  static Result<Database> open_for_writing(const std::filesystem::path& file);
  // A connection that only reads. Sees a snapshot per statement, or per read transaction.
  static Result<Database> open_for_reading(const std::filesystem::path& file);
  // One that can only VACUUM INTO another file, and read.
  static Result<Database> open_for_copying(const std::filesystem::path& file);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  Result<Statement> prepare(std::string_view sql);
  Status script(std::string_view sql);  // several statements, nothing bound

  template <class... Values>
  Status run(std::string_view sql, const Values&... values) {
    auto statement = prepare(sql);
    return statement ? statement->bind(values...).run() : Status(statement.error());
  }
  template <class Visit, class... Values>
  requires std::invocable<Visit, const Row&> Status each(std::string_view sql, Visit&& visit,
                                                         const Values&... values) {
    auto statement = prepare(sql);
    return statement ? statement->bind(values...).each(std::forward<Visit>(visit))
                     : Status(statement.error());
  }
  // The first column of every row.
  template <class T, class... Values>
  Result<std::vector<T>> all(std::string_view sql, const Values&... values) {
    std::vector<T> column;
    Status status = each(
        sql, [&](const Row& row) { column.push_back(row.get<T>(0)); }, values...);
    return status ? Result<std::vector<T>>(std::move(column)) : status.error();
  }
  // The first column of the first row; nullopt: no row.
  template <class T, class... Values>
  Result<std::optional<T>> one(std::string_view sql, const Values&... values) {
    auto column = all<T>(sql, values...);
    if (!column) return column.error();
    return column->empty() ? std::optional<T>() : std::optional<T>(std::move(column->front()));
  }

  // How long a statement waits for another program's lock before it fails with database_busy; at first 5 s.
  void wait_for_locks(std::chrono::milliseconds patience);

  std::int64_t last_insert_id() const;
  std::int64_t changes() const;  // rows changed by the last statement, without triggers

 private:
  friend class Transaction;
  explicit Database(std::unique_ptr<Connection> connection);
  static Result<Database> open(const std::filesystem::path& file, int flags, std::string_view settings);
  void checkpoint_when_large();
  std::unique_ptr<Connection> connection_;
};

// Rolls back unless committed. The Database stays where it is meanwhile.
class Transaction {
 public:
  static Result<Transaction> write(Database& database);  // takes the write lock at once
  static Result<Transaction> read(Database& database);   // one snapshot for several statements
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  static Result<Transaction> begin(Database& database, std::string_view sql);
  Database* database_;
};

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsId = false;
template <class Tag>
inline constexpr bool kIsId<Id<Tag>> = true;

template <class T>
T Row::get(int column) const {
  if constexpr (kIsOptional<T>) {
    return is_null(column) ? T() : T(get<typename T::value_type>(column));
  } else if constexpr (kIsId<T>) {
    return T{integer(column)};
  } else if constexpr (std::floating_point<T>) {
    return static_cast<T>(real(column));
  } else if constexpr (std::integral<T> || std::is_enum_v<T>) {
    return static_cast<T>(integer(column));
  } else {
    return T(text(column));
  }
}

template <class T>
void Statement::bind_one(const T& value) {
  if constexpr (std::is_same_v<T, std::nullopt_t> || std::is_same_v<T, std::nullptr_t>) {
    bind_null();
  } else if constexpr (kIsOptional<T>) {
    value ? bind_one(*value) : bind_null();
  } else if constexpr (kIsId<T>) {
    bind_integer(value.value);
  } else if constexpr (std::floating_point<T>) {
    bind_real(value);
  } else if constexpr (std::integral<T> || std::is_enum_v<T>) {
    bind_integer(static_cast<std::int64_t>(value));
  } else {
    bind_text(value);
  }
}

}  // namespace sweetspot::daemon
