// A database of an earlier version opens, and nothing of it is lost.
#include "daemon/store/migrations.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "daemon/store/backup.h"
#include "daemon/store/queries.h"
#include "daemon/store/store.h"
#include "schemas/json_text.h"
#include "tests/daemon/temporary_directory.h"

namespace sweetspot::daemon {
namespace {

std::string text_of(const std::string& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

// A state directory as version N left it: each version's migration, and then the rows that it wrote.
void make_old(const std::filesystem::path& state, int version) {
  auto old = Database::open_for_writing(state / "sweetspot.db");
  ASSERT_TRUE(old);
  const char* migrations[] = {"0001_first",        "0002_device_problem", "0003_imported",   "0004_strikes",
                              "0005_run_progress", "0006_labels",         "0007_resumption", "0008_workload"};
  for (int i = 1; i <= version; ++i) {
    const std::string migration =
        fmt::format(SOURCE_DIRECTORY "/schemas/migrations/{}.sql", migrations[i - 1]);
    ASSERT_TRUE(old->script(text_of(migration)));
    const std::string rows = fmt::format(SOURCE_DIRECTORY "/tests/data/old_databases/{:04}_rows.sql", i);
    if (!std::filesystem::exists(rows)) continue;
    const Status filled = old->script(text_of(rows));
    ASSERT_TRUE(filled) << filled.error().message;
  }
  ASSERT_TRUE(old->script(fmt::format("PRAGMA user_version = {}", version)));
}

int version_of(const std::filesystem::path& file) {
  return Database::open_for_copying(file)->one<int>("PRAGMA user_version").value().value();
}

class OldDatabase : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Migrations, OldDatabase, testing::Range(1, 9));

TEST_P(OldDatabase, OpensWithNothingLostAndIsKeptAsItWas) {
  TemporaryDirectory directory;
  ASSERT_NO_FATAL_FAILURE(make_old(directory.path(), GetParam()));
  auto store = Store::open(directory.path());
  ASSERT_TRUE(store) << store.error().message;
  auto reader = Reader::open(directory.path());
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->schema_version().value(), newest_schema_version());

  const auto backup = directory.path() / "backups" / fmt::format("sweetspot-v{}.db", GetParam());
  EXPECT_EQ(version_of(backup), GetParam()) << "a copy from before";
  const auto state = store->load(Clock::now(), std::chrono::seconds(30));
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->runs.at(RunId{2}).strikes, (Strikes{GetParam() >= 3 ? 2 : 0, GetParam() >= 4 ? 1 : 0, 0}));
  EXPECT_EQ(state->last_fence, Fence{1});
  EXPECT_EQ(state->runs.at(RunId{2}).workload->affinity, "tiny/da");

  const auto sweep = reader->sweep(SweepId{1}).value();
  ASSERT_TRUE(sweep);
  EXPECT_EQ(sweep->source, "") << "its runs were made here";
  const auto run = reader->run(RunId{1}).value();
  ASSERT_TRUE(run);
  EXPECT_EQ(run->wer, 0.5);
  EXPECT_EQ(run->params->encoder, 100);
  EXPECT_FALSE(run->imported);
  EXPECT_EQ(run->tags, "[]") << "nobody has said anything of it";
  EXPECT_EQ(reader->test_split(RunId{1})->errors, (std::vector<std::uint16_t>{0, 1}));
  const auto splits = reader->splits(SweepId{1}).value();
  ASSERT_EQ(splits.size(), 3u);
  EXPECT_EQ(splits[2].split, "test");
  EXPECT_EQ(splits[2].reasons.at("too_long"), 1);
}

TEST(Migrations, PacksCellsThatWereStoredBeforeThereWerePacks) {
  TemporaryDirectory directory;
  ASSERT_NO_FATAL_FAILURE(make_old(directory.path(), 3));
  Cell cell{.encoder = "/models/tiny", .layers = 2, .language = "da", .seed = 7, .llm = "/models/llm"};
  cell.train.shuffle = false;
  const Workload expected = workload_of(cell);
  {
    auto old = Database::open_for_writing(directory.path() / "sweetspot.db");
    ASSERT_TRUE(old->run("UPDATE run SET cell = ?, affinity = ?, seed = ? WHERE id = 2",
                         dump_json(to_json(cell)), expected.affinity, cell.seed));
  }
  auto store = Store::open(directory.path());
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(*store->load(Clock::now(), std::chrono::seconds(30))->runs.at(RunId{2}).workload, expected);
}

TEST(Migrations, CellsThatWereStoredBeforeTheyHadABaseAreReadWhole) {
  TemporaryDirectory directory;
  ASSERT_NO_FATAL_FAILURE(make_old(directory.path(), 8));
  Cell cell{.encoder = "/models/tiny", .layers = 2, .language = "da", .seed = 7, .llm = "/models/llm"};
  cell.corpus.path = "/corpora/da";
  const std::string text = dump_json(to_json(cell));
  {  // its row says another seed and settings, which are not put into a cell that is whole
    auto old = Database::open_for_writing(directory.path() / "sweetspot.db");
    ASSERT_TRUE(old->run("UPDATE run SET cell = ?, settings = '{\"train.lr\":0.5}' WHERE id = 2", text));
  }
  auto store = Store::open(directory.path());
  ASSERT_TRUE(store) << store.error().message;
  const auto read = store->cell_of(RunId{2});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, cell);
  EXPECT_EQ(Reader::open(directory.path())->run_files(RunId{2})->cell, text);
}

TEST(Migrations, AMigrationThatFailsChangesNothing) {
  TemporaryDirectory directory;
  ASSERT_NO_FATAL_FAILURE(make_old(directory.path(), 3));
  {  // the column that 0004 adds second is there already, so that its second statement fails
    auto old = Database::open_for_writing(directory.path() / "sweetspot.db");
    ASSERT_TRUE(old->script("ALTER TABLE run ADD COLUMN protocol_strikes INTEGER NOT NULL DEFAULT 0"));
  }
  const auto store = Store::open(directory.path());
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("0004"), std::string::npos) << store.error().message;
  auto database = Database::open_for_copying(directory.path() / "sweetspot.db");
  EXPECT_EQ(database->one<int>("PRAGMA user_version").value(), 3);
  EXPECT_FALSE(database->one<int>("SELECT memory_strikes FROM run"))
      << "what its first statement did is undone";
}

TEST(Backup, IsWholeWhileTheDaemonWorksAndCanBePutBack) {
  TemporaryDirectory directory;
  const auto state = directory.path() / "state", file = directory.path() / "copy.db";
  std::filesystem::create_directories(state);
  ASSERT_NO_FATAL_FAILURE(make_old(state, 3));
  auto store = std::optional(*Store::open(state));
  ASSERT_TRUE(back_up_state(state, file)) << "its lock is held";
  EXPECT_EQ(back_up_state(state, file).error().code, "backup_exists");
  ASSERT_TRUE(store->remove_sweep(SweepId{1}));
  EXPECT_EQ(restore(file, state).error().code, "state_locked") << "a daemon works on it";
  store.reset();
  std::filesystem::create_directories(state / "runs" / "run_2" / "a7");  // of a grant after the backup

  const Status restored = restore(file, state);
  ASSERT_TRUE(restored) << restored.error().message;
  store.emplace(*Store::open(state));
  const auto loaded = store->load(Clock::now(), std::chrono::seconds(30));
  EXPECT_EQ(loaded->runs.size(), 3u) << "what was removed after it is back";
  EXPECT_EQ(loaded->last_fence, Fence{7}) << "fences never go back";
  EXPECT_TRUE(std::filesystem::exists(state / "sweetspot.db.before-restore"));
}

TEST(Backup, ADamagedOneIsNotPutBack) {
  TemporaryDirectory directory;
  ASSERT_NO_FATAL_FAILURE(make_old(directory.path(), 3));
  const auto file = directory.path() / "copy.db";
  ASSERT_TRUE(back_up_state(directory.path(), file));
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  EXPECT_FALSE(restore(file, directory.path()));
  EXPECT_EQ(version_of(directory.path() / "sweetspot.db"), 3) << "the one that is there stays";
}

TEST(Backup, WhatIsNoneIsNotPutBack) {
  TemporaryDirectory directory;
  ASSERT_NO_FATAL_FAILURE(make_old(directory.path(), 3));
  const auto file = directory.path() / "other.db";
  EXPECT_EQ(restore(file, directory.path()).error().code, "backup_damaged") << "there is none";
  EXPECT_EQ(restore(directory.path(), directory.path()).error().code, "backup_damaged") << "a directory";
  std::ofstream(file) << "";
  EXPECT_EQ(restore(file, directory.path()).error().code, "backup_damaged") << "an empty file is a database";
  ASSERT_TRUE(Database::open_for_writing(file)->script("CREATE TABLE other (id)"));
  EXPECT_EQ(restore(file, directory.path()).error().code, "backup_damaged") << "somebody else's";

  const auto newer = directory.path() / "newer.db";
  ASSERT_TRUE(back_up_state(directory.path(), newer));
  ASSERT_TRUE(Database::open_for_writing(newer)->script("PRAGMA user_version=9999"));
  EXPECT_EQ(restore(newer, directory.path()).error().code, "database_newer");
  EXPECT_EQ(version_of(directory.path() / "sweetspot.db"), 3) << "the one that is there stays";
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "sweetspot.db.before-restore"));
}

TEST(Backup, RestoredTwiceKeepsWhatWasThereAtFirst) {
  TemporaryDirectory directory;
  ASSERT_NO_FATAL_FAILURE(make_old(directory.path(), 3));
  const auto database = directory.path() / "sweetspot.db", file = directory.path() / "copy.db";
  ASSERT_TRUE(back_up_state(directory.path(), file));
  ASSERT_TRUE(Database::open_for_writing(database)->script("CREATE TABLE only_at_first (id)"));
  ASSERT_TRUE(restore(file, directory.path()));
  ASSERT_TRUE(restore(file, directory.path()));
  auto first = Database::open_for_copying(database.string() + ".before-restore");
  EXPECT_TRUE(first->one<int>("SELECT count(*) FROM only_at_first"));
  EXPECT_TRUE(std::filesystem::exists(database.string() + ".before-restore-2"));
}

TEST(Backup, OfThreeVersionsAtMostAreKept) {
  TemporaryDirectory directory;
  ASSERT_NO_FATAL_FAILURE(make_old(directory.path(), 3));
  auto database = Database::open_for_writing(directory.path() / "sweetspot.db");
  for (int version = 1; version <= 5; ++version)
    ASSERT_TRUE(back_up_version(*database, directory.path(), version));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "backups" / "sweetspot-v2.db"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "backups" / "sweetspot-v3.db"));
}

}  // namespace
}  // namespace sweetspot::daemon
