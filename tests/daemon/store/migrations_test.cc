// A database of an earlier version opens, and nothing of it is lost.
#include "daemon/store/migrations.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "daemon/store/queries.h"
#include "daemon/store/store.h"
#include "tests/daemon/temporary_directory.h"

namespace sweetspot::daemon {
namespace {

std::string text_of(const std::string& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(Migrations, OpenADatabaseOfVersion1) {
  TemporaryDirectory directory;
  {
    auto old = Database::open_for_writing(directory.path() / "sweetspot.db");
    ASSERT_TRUE(old);
    ASSERT_TRUE(old->script(text_of(SOURCE_DIRECTORY "/schemas/migrations/0001_first.sql")));
    const Status filled = old->script(text_of(SOURCE_DIRECTORY "/tests/data/old_databases/0001_rows.sql"));
    ASSERT_TRUE(filled) << filled.error().message;
  }
  auto store = Store::open(directory.path());
  ASSERT_TRUE(store) << store.error().message;
  auto reader = Reader::open(directory.path());
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->schema_version().value(), newest_schema_version());

  const auto sweep = reader->sweep(SweepId{1}).value();
  ASSERT_TRUE(sweep);
  EXPECT_EQ(sweep->source, "") << "its runs were made here";
  const auto run = reader->run(RunId{1}).value();
  ASSERT_TRUE(run);
  EXPECT_EQ(run->wer, 0.5);
  EXPECT_EQ(run->params->encoder, 100);
  EXPECT_FALSE(run->imported);
  EXPECT_EQ(reader->test_split(RunId{1})->errors, (std::vector<std::uint16_t>{0, 1}));
  const auto splits = reader->splits(SweepId{1}).value();
  ASSERT_EQ(splits.size(), 3u);
  EXPECT_EQ(splits[2].split, "test");
  EXPECT_EQ(splits[2].reasons.at("too_long"), 1);
}

}  // namespace
}  // namespace sweetspot::daemon
