#include "daemon/report/word_errors.h"

#include <gtest/gtest.h>

#include "tests/daemon/report/cells.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

CellResult with_errors(CellAt at, EditCounts words) {
  CellResult cell = done_cell(at, 0);
  cell.words = words;
  return cell;
}

TEST(WordErrors, AreChangesOfCountsAgainstTheCutEncoderWithoutLora) {
  const std::vector cells = {
      done_cell({.layers = 12}, 100),
      with_errors({.layers = 10}, {.hits = 60, .substitutions = 20, .deletions = 10, .insertions = 5}),
      with_errors({.layers = 10, .lora = true},
                  {.hits = 75, .substitutions = 15, .deletions = 0, .insertions = 6})};
  const json row = word_errors_table(cells).rows.at(0);
  EXPECT_DOUBLE_EQ(row["substitutions"].get<double>(), -0.25);
  EXPECT_DOUBLE_EQ(row["insertions"].get<double>(), 0.2);
  EXPECT_DOUBLE_EQ(row["deletions"].get<double>(), -1.0);
  EXPECT_DOUBLE_EQ(row["total"].get<double>(), -14.0 / 35);
  EXPECT_EQ(row["without_lora"]["total"], 35);
  EXPECT_EQ(row["with_lora"]["insertions"], 6);
}

TEST(WordErrors, OfAKindThatWasNotThereHasNoChange) {
  const std::vector cells = {done_cell({.layers = 12}, 100),
                             with_errors({.layers = 10}, {.hits = 9, .substitutions = 1}),
                             with_errors({.layers = 10, .lora = true}, {.hits = 10, .insertions = 4})};
  const json row = word_errors_table(cells).rows.at(0);
  EXPECT_TRUE(row["insertions"].is_null());
  EXPECT_DOUBLE_EQ(row["total"].get<double>(), 3.0);
}

TEST(WordErrors, NeedMoreThanAPublishedWer) {
  std::vector cells = {done_cell({.layers = 12}, 100), done_cell({.layers = 10}, 100),
                       done_cell({.layers = 10, .lora = true}, 90)};
  cells[1].words.reset();
  cells[1].published = {0.1, {}};
  const json row = word_errors_table(cells).rows.at(0);
  EXPECT_TRUE(row["total"].is_null());
  EXPECT_EQ(row["why_not"], "Only the WERs are known.");
}

}  // namespace
}  // namespace sweetspot::daemon
