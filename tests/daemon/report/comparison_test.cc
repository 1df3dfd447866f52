#include "daemon/report/comparison.h"

#include <gtest/gtest.h>

#include "tests/daemon/report/cells.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

TEST(Comparison, PairsTheCellsThatBothHave) {
  std::vector here = {tested_cell({.layers = 12}, Utterances(50, {10, 2})), open_cell({.layers = 10})};
  std::vector there = {tested_cell({.layers = 12}, Utterances(50, {10, 3})), done_cell({.layers = 4}, 1)};
  std::vector both = {here[0], there[0]};
  resample_all(both);
  here[0] = both[0], there[0] = both[1];
  const Report table = comparison_table({here, "a"}, {there, "a"});
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_NEAR(table.rows[0]["difference"].get<double>(), 0.1, 1e-12);
  EXPECT_EQ(table.rows[0]["significant"], true);
  EXPECT_EQ(table.missing.size(), 1u);
}

TEST(Comparison, OfDifferentTestSetsIsRefusedWithTheReason) {
  const std::vector here = {tested_cell({}, {{10, 2}})},
                    there = {tested_cell({}, {{10, 2}, {9, 1}}, "another")};
  const Report table = comparison_table({here, "a"}, {there, "a"});
  const json& row = table.rows.at(0);
  EXPECT_TRUE(row["difference"].is_null());
  EXPECT_NE(row["why_not"].get<std::string>().find("different utterances (1 and 2)"), std::string::npos);
}

TEST(Comparison, OfWordsThatWereNormalisedDifferentlyIsRefusedWithTheReason) {
  const std::vector cells = {tested_cell({}, {{10, 2}})};
  const Report table = comparison_table({cells, "paper-wer/1"}, {cells, "as given"});
  EXPECT_TRUE(table.rows.at(0)["difference"].is_null());
  EXPECT_EQ(table.rows[0]["why_not"], "Words were normalised differently: paper-wer/1 here, as given there.");
}

TEST(Comparison, SaysOnWhichAxesTwoSweepsHaveNothingInCommon) {
  const std::vector here = {done_cell({.encoder = "small", .layers = 12}, 1)},
                    there = {done_cell({.encoder = "large", .layers = 12}, 1)};
  EXPECT_TRUE(comparison_table({here, "a"}, {there, "a"}).rows.empty());
  EXPECT_EQ(why_nothing_in_common(here, there),
            "The two sweeps have no cell in common: encoders: small here, large there.");
}

TEST(Comparison, WithAPublishedWerHasNoInterval) {
  CellResult published = open_cell({.seed = 0}, RunState::succeeded);
  published.published = {0.3, {}};
  const std::vector here = {done_cell({.seed = 42}, 200)}, there = {published};
  const Report table = comparison_table({here, "a"}, {there, "b"});
  ASSERT_EQ(table.rows.size(), 1u) << "a seed that is not said is any";
  EXPECT_NEAR(table.rows[0]["difference"].get<double>(), 0.1, 1e-12);
  EXPECT_TRUE(table.rows[0]["significant"].is_null());
}

}  // namespace
}  // namespace sweetspot::daemon
