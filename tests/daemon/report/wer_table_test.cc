#include "daemon/report/wer_table.h"

#include <gtest/gtest.h>

#include "tests/daemon/report/cells.h"

namespace sweetspot::daemon {
namespace {

TEST(WerTable, DividesAllErrorsByAllReferenceWords) {
  CellResult cell = done_cell({}, 0);
  cell.words = EditCounts{.hits = 70, .substitutions = 20, .deletions = 10, .insertions = 5};
  const Report table = wer_table(std::vector{cell});
  EXPECT_DOUBLE_EQ(table.rows[0]["wer"].get<double>(), 0.35);
}

TEST(WerTable, MeasuresTheCutAgainstTheDeepestDepthByCountedParameters) {
  const std::vector cells = {done_cell({.layers = 12}, 100), done_cell({.layers = 10}, 120)};
  const Report table = wer_table(cells);
  EXPECT_EQ(table.rows[0]["reduction"], 0.0);
  EXPECT_DOUBLE_EQ(table.rows[1]["reduction"].get<double>(), 20.0 / 220.0);
  EXPECT_EQ(table.rows[1]["params"], 200);
}

TEST(WerTable, KnowsTheParametersOfAnOpenCellFromItsFinishedSibling) {
  const std::vector cells = {done_cell({.layers = 12, .language = "en"}, 100),
                             open_cell({.layers = 12, .language = "da"}),
                             open_cell({.layers = 2, .language = "da"})};
  const Report table = wer_table(cells);
  EXPECT_EQ(table.rows[1]["params"], 220);
  EXPECT_TRUE(table.rows[1]["wer"].is_null());
  EXPECT_TRUE(table.rows[2]["params"].is_null()) << "no run has counted two layers";
  EXPECT_TRUE(table.rows[2]["reduction"].is_null());
}

TEST(WerTable, ListsWhatIsMissingAndTheBestSoFar) {
  const std::vector cells = {done_cell({.layers = 12}, 200), done_cell({.layers = 10}, 150),
                             open_cell({.layers = 8}, RunState::failed)};
  const Report table = wer_table(cells);
  EXPECT_EQ(table.summary["done"], 2);
  EXPECT_EQ(table.summary["of"], 3);
  EXPECT_DOUBLE_EQ(table.summary["best"].get<double>(), 0.15);
  ASSERT_EQ(table.missing.size(), 1u);
  EXPECT_EQ(table.missing[0]["layers"], 8);
  EXPECT_EQ(table.missing[0]["state"], "failed");
}

TEST(WerTable, OfNothingIsEmpty) {
  const Report table = wer_table({});
  EXPECT_TRUE(table.rows.empty());
  EXPECT_TRUE(table.summary["best"].is_null());
}

}  // namespace
}  // namespace sweetspot::daemon
