#include "daemon/report/wer_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/daemon/report/cells.h"

namespace sweetspot::daemon {
namespace {

TEST(WerTable, DividesAllErrorsByAllReferenceWords) {
  CellResult cell = done_cell({}, 0);
  cell.words = EditCounts{.hits = 70, .substitutions = 20, .deletions = 10, .insertions = 5};
  const Report table = wer_table(std::vector{cell});
  EXPECT_DOUBLE_EQ(table.rows[0]["wer"].get<double>(), 0.35);
}

// 32 utterances of one word, half of them wrong, then one of eight words that is right: 16 of 40, but 0.25 as the
// mean of 0.5 and 0.
TEST(WerTable, GivesTheMeanOfBatchesBesideTheCorpusWer) {
  Utterances utterances(32, {1, 0});
  for (int i = 0; i < 16; ++i) utterances[i].second = 1;
  utterances.push_back({8, 0});
  const Report table = wer_table(std::vector{tested_cell({}, utterances), done_cell({.layers = 10}, 100)});
  EXPECT_EQ(table.rows[0]["wer"], 0.4);
  EXPECT_EQ(table.rows[0]["batch_mean_wer"], 0.25);
  EXPECT_TRUE(table.rows[1]["batch_mean_wer"].is_null());
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

TEST(WerTable, ComparesWithTheWholeEncoderWithoutLora) {
  std::vector cells = {tested_cell({.layers = 12}, Utterances(60, {10, 2})),
                       tested_cell({.layers = 10, .lora = true}, Utterances(60, {10, 1})),
                       tested_cell({.layers = 8}, Utterances(60, {10, 2}))};
  resample_all(cells);
  const Report table = wer_table(cells);
  EXPECT_EQ(table.rows[0]["baseline"], true);
  EXPECT_TRUE(table.rows[0]["change"].is_null());
  EXPECT_NEAR(table.rows[1]["change"].get<double>(), -0.1, 1e-12);
  EXPECT_EQ(table.rows[1]["better"], true);
  EXPECT_EQ(table.rows[1]["significant"], true);
  EXPECT_EQ(table.rows[2]["better"], false);
  EXPECT_EQ(table.rows[2]["significant"], false) << "no difference at all";
  EXPECT_NEAR(table.rows[2]["wer_low"].get<double>(), 0.2, 1e-12);
}

TEST(WerTable, SeedsAreReplicatesAndNeverPooled) {
  const Report table = wer_table(std::vector{done_cell({.seed = 1}, 100), done_cell({.seed = 2}, 140),
                                             done_cell({.layers = 10, .seed = 1}, 150)});
  EXPECT_EQ(table.rows.size(), 3u);
  ASSERT_EQ(table.summary["replicates"].size(), 1u) << "one seed is no replicate";
  EXPECT_EQ(table.summary["replicates"][0]["n"], 2);
  EXPECT_NEAR(table.summary["replicates"][0]["mean"].get<double>(), 0.12, 1e-12);
  EXPECT_NEAR(table.summary["replicates"][0]["sd"].get<double>(), 0.02 * std::sqrt(2.0), 1e-12);
}

TEST(WerTable, KeepsPublishedFigures) {
  CellResult cell = open_cell({.layers = 10}, RunState::succeeded);
  cell.published = {0.4723, 0.161};
  const Report table = wer_table(std::vector{cell});
  EXPECT_EQ(table.rows[0]["wer"], 0.4723);
  EXPECT_EQ(table.rows[0]["reduction"], 0.161);
  EXPECT_TRUE(table.rows[0]["wer_low"].is_null());
  EXPECT_TRUE(table.missing.empty());
}

TEST(WerPivot, HasAColumnForEachLanguageWithoutAndWithLora) {
  const Report pivot = wer_pivot(wer_table(
      std::vector{done_cell({.language = "da"}, 300), done_cell({.language = "da", .lora = true}, 200),
                  done_cell({.language = "en"}, 100), done_cell({.layers = 10, .language = "da"}, 400)}));
  ASSERT_EQ(pivot.rows.size(), 2u);
  EXPECT_EQ(pivot.rows[0]["wer"]["da"], 0.3);
  EXPECT_EQ(pivot.rows[0]["wer"]["da_lora"], 0.2);
  EXPECT_EQ(pivot.columns[3].key, "wer.da");
  EXPECT_TRUE(pivot.columns[3].lowest_is_best);
}

TEST(WerTable, OfNothingIsEmpty) {
  const Report table = wer_table({});
  EXPECT_TRUE(table.rows.empty());
  EXPECT_TRUE(table.summary["best"].is_null());
}

}  // namespace
}  // namespace sweetspot::daemon
