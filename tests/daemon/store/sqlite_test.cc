#include "daemon/store/sqlite.h"

#include <gtest/gtest.h>

#include <fstream>

#include "daemon/store/migrations.h"
#include "schemas/run_state.h"
#include "tests/daemon/temporary_directory.h"

namespace sweetspot::daemon {
namespace {

class Sqlite : public ::testing::Test {
 protected:
  Database open() { return Database::open_for_writing(file).value(); }

  TemporaryDirectory directory;
  std::filesystem::path file = directory.path() / "test.db";
};

TEST_F(Sqlite, ReadsBackWhatWasBound) {
  auto db = open();
  ASSERT_TRUE(db.script("CREATE TABLE t (a INTEGER, b REAL, c TEXT, d TEXT, e REAL) STRICT"));
  ASSERT_TRUE(db.run("INSERT INTO t VALUES (?, ?, ?, ?, ?)", RunId{7}, 0.25, "a\nb", std::string_view(),
                     std::optional<double>()));
  int rows = 0;
  ASSERT_TRUE(db.each("SELECT * FROM t", [&](const Row& row) {
    ++rows;
    EXPECT_EQ(row.get<RunId>(0), RunId{7});
    EXPECT_EQ(row.get<double>(1), 0.25);
    EXPECT_EQ(row.get<std::string>(2), "a\nb");
    EXPECT_FALSE(row.is_null(3)) << "an empty text is no NULL";
    EXPECT_EQ(row.get<std::optional<double>>(4), std::nullopt);
  }));
  EXPECT_EQ(rows, 1);
}

TEST_F(Sqlite, OneTellsNoRowFromARow) {
  auto db = open();
  EXPECT_EQ(db.one<int>("SELECT 3 WHERE ? = 1", 0).value(), std::nullopt);
  EXPECT_EQ(db.one<int>("SELECT 3 WHERE ? = 1", 1).value(), 3);
}

TEST_F(Sqlite, TransactionRollsBackUnlessCommitted) {
  auto db = open();
  ASSERT_TRUE(db.script("CREATE TABLE t (a INTEGER) STRICT"));
  {
    auto dropped = Transaction::write(db);
    ASSERT_TRUE(db.run("INSERT INTO t VALUES (1)"));
  }
  {
    auto kept = Transaction::write(db);
    ASSERT_TRUE(db.run("INSERT INTO t VALUES (2)"));
    ASSERT_TRUE(kept->commit());
  }
  EXPECT_EQ(db.all<int>("SELECT a FROM t").value(), std::vector{2});
}

TEST_F(Sqlite, ReaderSeesCommitsAndMayNotWrite) {
  auto db = open();
  ASSERT_TRUE(db.script("CREATE TABLE t (a INTEGER) STRICT"));
  auto reader = Database::open_for_reading(file).value();
  auto transaction = Transaction::write(db);
  ASSERT_TRUE(db.run("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(reader.one<int>("SELECT count(*) FROM t").value(), 0);
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(reader.one<int>("SELECT count(*) FROM t").value(), 1);
  EXPECT_FALSE(reader.run("INSERT INTO t VALUES (2)"));
}

TEST_F(Sqlite, NamesTheKindOfError) {
  auto db = open();
  ASSERT_TRUE(db.script("CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT"));
  ASSERT_TRUE(db.run("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(db.run("INSERT INTO t VALUES (1)").error().code, "database_constraint");
  EXPECT_EQ(db.run("SELECT nothing").error().code, "database_error");
  EXPECT_EQ(db.run("INSERT INTO t VALUES (?)", 2, 3).error().code, "database_error") << "one value too many";
  EXPECT_EQ(Database::open_for_reading(directory.path() / "absent.db").error().code, "database_io");
}

TEST_F(Sqlite, FileThatIsNoDatabaseIsDamaged) {
  std::ofstream(file) << std::string(8192, 'x');
  EXPECT_EQ(Database::open_for_writing(file).error().code, "database_corrupt");
}

TEST_F(Sqlite, CheckpointKeepsTheWalSmall) {
  auto db = open();
  ASSERT_TRUE(db.script("CREATE TABLE t (a TEXT) STRICT"));
  for (int i = 0; i < 40; ++i) {
    auto transaction = Transaction::write(db);
    ASSERT_TRUE(db.run("INSERT INTO t VALUES (?)", std::string(500'000, 'x')));
    ASSERT_TRUE(transaction->commit());
  }
  EXPECT_LT(std::filesystem::file_size(file.string() + "-wal"), 8u << 20);
  EXPECT_GT(std::filesystem::file_size(file), 12u << 20);
}

TEST_F(Sqlite, MigrationsRunOnceAndRefuseANewerDatabase) {
  auto db = open();
  ASSERT_TRUE(migrate(db, directory.path()));
  EXPECT_EQ(db.one<int>("PRAGMA user_version").value(), newest_schema_version());
  ASSERT_TRUE(migrate(db, directory.path())) << "the second time there is nothing to do";
  ASSERT_TRUE(db.run("PRAGMA user_version = 9999"));
  EXPECT_EQ(migrate(db, directory.path()).error().code, "database_newer");
}

TEST_F(Sqlite, TransitionTableIsTheOneOfTheCode) {
  auto db = open();
  ASSERT_TRUE(migrate(db, directory.path()));
  std::set<std::pair<std::string, std::string>> stored, coded;
  ASSERT_TRUE(db.each("SELECT from_state, to_state FROM run_transition", [&](const Row& row) {
    stored.emplace(row.get<std::string>(0), row.get<std::string>(1));
  }));
  for (auto [from, to] : run_transitions()) coded.emplace(to_string(from), to_string(to));
  EXPECT_EQ(stored, coded);
}

}  // namespace
}  // namespace sweetspot::daemon
