#include "daemon/report/degradation.h"

#include <gtest/gtest.h>

#include <random>

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

// Against the plain way: utterances drawn one by one with replacement.
TEST(Degradation, IntervalsAreThoseOfDrawingUtterances) {
  Utterances whole(400, {5, 1}), cut = whole, lora = whole;
  for (std::size_t u = 0; u < 160; ++u) cut[u].second = 2;     // 40 % degraded
  for (std::size_t u = 100; u < 200; ++u) lora[u].second = 2;  // 25 %, of which 15 % were before
  const json row = degradation_table(three(whole, cut, lora)).rows.at(0);
  std::mt19937 random(7);
  std::uniform_int_distribution<std::size_t> any(0, whole.size() - 1);
  std::vector<double> base, recovered, of_degraded;
  for (int b = 0; b < 4000; ++b) {
    double with = 0, without = 0, back = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      const std::size_t u = any(random);
      without += u < 160, with += u >= 100 && u < 200, back += u < 100;
    }
    base.push_back(without / 400), recovered.push_back((without - with) / 400),
        of_degraded.push_back(back / without);
  }
  const auto expect_near = [&](const std::string& name, std::vector<double> drawn) {
    const auto range = interval(std::move(drawn));
    EXPECT_NEAR(row[name + "_low"].get<double>(), range->low, 0.008) << name;
    EXPECT_NEAR(row[name + "_high"].get<double>(), range->high, 0.008) << name;
  };
  expect_near("base", base), expect_near("recovered", recovered),
      expect_near("recovered_of_degraded", of_degraded);
  EXPECT_EQ(row["significant"], true) << "15 % of 400 is no chance";
  EXPECT_EQ(row, degradation_table(three(whole, cut, lora)).rows.at(0)) << "the same every time";
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
