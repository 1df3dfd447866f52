// A database on which somebody or something else has written: it is refused with a way out, or it is still
// whole. It is never taken for an empty one.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include "daemon/store/sqlite.h"
#include "daemon/store/store.h"
#include "tests/daemon/temporary_directory.h"

namespace sweetspot::daemon {
namespace {

namespace fs = std::filesystem;
constexpr int kRuns = 400;
constexpr std::size_t kPage = 4096;

class DamagedDatabase : public testing::Test {
 protected:
  void SetUp() override {
    auto store = Store::open(directory.path());
    ASSERT_TRUE(store);
    SubmitRequest request{.document = "{}", .cells = {}};
    for (int i = 0; i < kRuns; ++i) {
      Cell cell{.encoder = "/models/tiny", .layers = 4, .language = "da", .llm = "/models/llm"};
      cell.seed = i;
      request.cells.push_back(lone_point(cell));
    }
    ASSERT_TRUE(store->insert_sweep(request));
  }

  static std::string read(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void write(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  // Empty: it was refused with a way out, or nothing is missing.
  std::string silently_lost() {
    auto store = Store::open(directory.path());
    if (!store) {
      const Error& error = store.error();
      const bool helps = error.code == "database_corrupt" && error.hint.find("backup") != std::string::npos;
      ++refused;
      return helps ? "" : error.code + ": " + error.message + ": " + error.hint;
    }
    auto state = store->load(Clock::now(), std::chrono::seconds(1));
    if (!state) return ++refused, state.error().code == "database_corrupt" ? "" : state.error().message;
    return state->runs.size() == kRuns ? "" : std::to_string(state->runs.size()) + " runs are left";
  }

  TemporaryDirectory directory;
  const fs::path file = directory.path() / "sweetspot.db";
  int refused = 0;
};

TEST_F(DamagedDatabase, WithAnOverwrittenHeaderIsRefused) {
  std::string bytes = read(file);
  bytes.replace(0, 16, "something else..");
  write(file, bytes);
  EXPECT_EQ(silently_lost(), "");
  EXPECT_EQ(refused, 1);
}

TEST_F(DamagedDatabase, WithJunkInAnyPageIsRefused) {
  const std::string whole = read(file);
  ASSERT_GT(whole.size(), 20 * kPage);
  std::mt19937 random(1);
  int lost = 0, tried = 0;
  for (std::size_t at = 0; at < whole.size(); at += kPage, ++tried) {
    std::string bytes = whole;
    for (std::size_t i = 0; i < kPage; ++i) bytes[at + i] = char(random());
    write(file, bytes);
    for (const char* log : {"-wal", "-shm"}) fs::remove(file.string() + log);
    if (const std::string what = silently_lost(); !what.empty())
      ++lost, ADD_FAILURE() << "page " << at / kPage << ": " << what;
  }
  std::cout << lost << " of " << tried << " pages overwritten with junk lost anything silently (" << refused
            << " were refused; seed 1)\n";
  EXPECT_GT(refused, tried * 3 / 4);
}

TEST_F(DamagedDatabase, CutShortIsRefused) {
  const std::string whole = read(file);
  write(file, whole.substr(0, whole.size() / 2));
  EXPECT_EQ(silently_lost(), "");
  EXPECT_EQ(refused, 1);
}

// No program can tell that the end of the log is gone; what is left is a state that there once was.
TEST_F(DamagedDatabase, WhoseLogWasCutHoldsWhatWasCommittedBeforeTheCut) {
  const fs::path copies = directory.path() / "copies";
  fs::create_directories(copies);
  constexpr int kMore = 12;
  {
    auto store = Store::open(directory.path());
    ASSERT_TRUE(store);
    for (int i = 0; i < kMore; ++i) {
      SubmitRequest request{.document = "{}", .cells = {}};
      request.cells.push_back(lone_point(Cell{.encoder = "/models/tiny", .layers = 4, .language = "da"}));
      ASSERT_TRUE(store->insert_sweep(request));
    }
    for (const char* part : {"", "-wal"})
      fs::copy_file(file.string() + part, copies / ("sweetspot.db" + std::string(part)));
  }
  const std::string database = read(copies / "sweetspot.db"), log = read(copies / "sweetspot.db-wal");
  ASSERT_GT(log.size(), kMore * kPage);
  int last = 1 + kMore, fewest = last, tried = 0, harmed = 0;
  for (std::size_t size = log.size() + 1000; size > 0; ++tried) {
    size = size > 1000 ? size - 1000 : 0;
    write(copies / "sweetspot.db", database);
    size > 0 ? write(copies / "sweetspot.db-wal", log.substr(0, size))
             : (void)fs::remove(copies / "sweetspot.db-wal");
    fs::remove(copies / "sweetspot.db-shm");
    auto store = Store::open(copies);
    ASSERT_TRUE(store) << size << ": " << store.error().message;
    auto state = store->load(Clock::now(), std::chrono::seconds(1));
    ASSERT_TRUE(state) << size << ": " << state.error().message;
    const int sweeps = int(state->sweeps.size());
    const bool whole = int(state->runs.size()) == kRuns + sweeps - 1;
    harmed += sweeps > last || !whole;
    EXPECT_LE(sweeps, last) << size;
    EXPECT_TRUE(whole) << size << ": " << state->runs.size();
    last = sweeps, fewest = std::min(fewest, sweeps);
  }
  std::cout << harmed << " of " << tried << " places to cut the log gave a state that there never was\n";
  EXPECT_EQ(fewest, 1) << "without any log, the database is as it was when that began";
}

TEST_F(DamagedDatabase, WithJunkInTheIndexOfItsLogIsReadFromTheLogItself) {
  write(file.string() + "-shm", std::string(32768, '\x5a'));
  EXPECT_EQ(silently_lost(), "");
  EXPECT_EQ(refused, 0);
}

}  // namespace
}  // namespace sweetspot::daemon
