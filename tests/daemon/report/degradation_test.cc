#include "daemon/report/degradation.h"

#include <gtest/gtest.h>

#include "tests/daemon/report/cells.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// Whole, cut, and cut with LoRA, over the same utterances.
std::vector<CellResult> three(const Utterances& whole, const Utterances& cut, const Utterances& cut_lora) {
  return {tested_cell({.layers = 12}, whole), tested_cell({.layers = 10}, cut),
          tested_cell({.layers = 10, .lora = true}, cut_lora)};
}

TEST(Degradation, CountsUtterancesThatBecameWorseAgainstTheWholeEncoder) {
  // Degraded: the first three. LoRA brings back the first, and makes the fourth worse.
  const auto cells = three({{4, 0}, {4, 1}, {4, 1}, {4, 2}}, {{4, 1}, {4, 2}, {4, 3}, {4, 2}},
                           {{4, 0}, {4, 2}, {4, 2}, {4, 3}});
  const json row = degradation_table(cells).rows.at(0);
  EXPECT_EQ(row["utterances"], 4);
  EXPECT_DOUBLE_EQ(row["base"].get<double>(), 0.75);
  EXPECT_DOUBLE_EQ(row["lora"].get<double>(), 0.75) << "the second, the third and the fourth";
  EXPECT_DOUBLE_EQ(row["recovered"].get<double>(), 0.0);
  EXPECT_DOUBLE_EQ(row["recovered_of_degraded"].get<double>(), 1.0 / 3) << "the other reading";
  EXPECT_EQ(row["layers"], 10);
  EXPECT_TRUE(row["why_not"].is_null());
}

TEST(Degradation, AnEmptyReferenceCountsByItsInsertions) {
  const auto cells = three({{0, 0}, {3, 3}}, {{0, 2}, {3, 9}}, {{0, 0}, {3, 3}});
  const json row = degradation_table(cells).rows.at(0);
  EXPECT_DOUBLE_EQ(row["base"].get<double>(), 1.0) << "WER above 100 % is worse than 100 %";
  EXPECT_DOUBLE_EQ(row["lora"].get<double>(), 0.0);
}

TEST(Degradation, WithoutTheBaselineThereIsNoFigure) {
  auto cells = three({{4, 0}}, {{4, 1}}, {{4, 0}});
  cells.erase(cells.begin());
  cells.push_back(open_cell({.layers = 12}, RunState::failed));
  const Report table = degradation_table(cells);
  EXPECT_TRUE(table.rows.at(0)["base"].is_null());
  EXPECT_NE(table.rows[0]["why_not"].get<std::string>().find("is not done"), std::string::npos);
  ASSERT_EQ(table.missing.size(), 1u);
  EXPECT_EQ(table.missing[0]["layers"], 12);
}

TEST(Degradation, DifferentTestSetsAreRefusedWithTheReason) {
  auto cells = three({{4, 0}}, {{4, 1}}, {{4, 0}});
  cells[1] = tested_cell({.layers = 10}, {{4, 1}, {2, 0}}, "another");
  const json row = degradation_table(cells).rows.at(0);
  EXPECT_TRUE(row["base"].is_null());
  EXPECT_NE(row["why_not"].get<std::string>().find("different utterances (1 and 2)"), std::string::npos)
      << row["why_not"];
}

TEST(Degradation, ThePublishedWerAloneIsNotEnough) {
  auto cells = three({{4, 0}}, {{4, 1}}, {{4, 0}});
  cells[2].words.reset();
  cells[2].evidence.reset();
  cells[2].published = {0.1, {}};
  const json row = degradation_table(cells).rows.at(0);
  EXPECT_NE(row["why_not"].get<std::string>().find("known by its WER only"), std::string::npos);
}

}  // namespace
}  // namespace sweetspot::daemon
