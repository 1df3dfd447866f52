#include "daemon/report/reduction.h"

#include <gtest/gtest.h>

#include "tests/daemon/report/cells.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// WERs per mille: whole, whole with LoRA, cut, cut with LoRA.
std::vector<CellResult> four(std::array<int, 4> errors, const std::string& language = "en") {
  return {done_cell({.layers = 12, .language = language}, errors[0]),
          done_cell({.layers = 12, .language = language, .lora = true}, errors[1]),
          done_cell({.layers = 10, .language = language}, errors[2]),
          done_cell({.layers = 10, .language = language, .lora = true}, errors[3])};
}

TEST(Reduction, SaysWhereLoraTakesOffMore) {
  auto cells = four({200, 150, 250, 180});
  const auto danish = four({400, 300, 410, 350}, "da");
  cells.insert(cells.end(), danish.begin(), danish.end());
  const Report table = reduction_table(cells);
  const json &danish_row = table.rows.at(0), &english_row = table.rows.at(1);
  EXPECT_NEAR(english_row["full"].get<double>(), 0.050, 1e-12);
  EXPECT_NEAR(english_row["pruned"].get<double>(), 0.070, 1e-12);
  EXPECT_EQ(english_row["larger"], "pruned");
  EXPECT_EQ(danish_row["larger"], "full");
  EXPECT_EQ(table.summary["pruned_larger"], 1);
  EXPECT_EQ(table.summary["of"], 2);
}

TEST(Reduction, EqualIsNotLarger) {
  const Report table = reduction_table(four({300, 200, 200, 100}));
  EXPECT_EQ(table.rows.at(0)["larger"], "equal");
  EXPECT_EQ(table.summary["pruned_larger"], 0);
}

TEST(Reduction, WithACellMissingGivesWhatCanBeGiven) {
  auto cells = four({200, 150, 250, 180});
  cells[2] = open_cell({.layers = 10}, RunState::running);
  const Report table = reduction_table(cells);
  EXPECT_NEAR(table.rows.at(0)["full"].get<double>(), 0.050, 1e-12);
  EXPECT_TRUE(table.rows[0]["pruned"].is_null());
  EXPECT_TRUE(table.rows[0]["larger"].is_null());
  EXPECT_EQ(table.summary["of"], 0);
  EXPECT_EQ(table.missing.size(), 1u);
}

TEST(Reduction, ADifferenceThatIsTheSameInEveryUtteranceIsSignificant) {
  const auto all = [](int errors) { return Utterances(50, {10, errors}); };
  std::vector cells = {tested_cell({.layers = 12}, all(3)), tested_cell({.layers = 12, .lora = true}, all(2)),
                       tested_cell({.layers = 10}, all(6)),
                       tested_cell({.layers = 10, .lora = true}, all(2))};
  resample_all(cells);
  const json row = reduction_table(cells).rows.at(0);
  EXPECT_EQ(row["significant"], true);
  EXPECT_NEAR(row["pruned_low"].get<double>(), 0.4, 1e-12);
  EXPECT_NEAR(row["pruned_high"].get<double>(), 0.4, 1e-12);
}

}  // namespace
}  // namespace sweetspot::daemon
