#include "daemon/report/sweet_spot.h"

#include <gtest/gtest.h>

#include "tests/daemon/report/cells.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// WERs per mille of the whole encoder without LoRA, and of each depth with LoRA; negative: not done.
std::vector<CellResult> sweep_of(const std::string& language, std::int64_t whole,
                                 const std::vector<std::pair<int, std::int64_t>>& with_lora,
                                 std::int64_t seed = 42) {
  const auto cell = [&](int layers, bool lora, std::int64_t errors) {
    const CellAt at{.layers = layers, .language = language, .lora = lora, .seed = seed};
    return errors < 0 ? open_cell(at) : done_cell(at, errors);
  };
  std::vector<CellResult> cells = {cell(12, false, whole)};
  for (const auto& [layers, errors] : with_lora) cells.push_back(cell(layers, true, errors));
  return cells;
}

std::vector<CellResult> operator+(std::vector<CellResult> a, const std::vector<CellResult>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

json verdict_of(const std::vector<CellResult>& cells) {
  return sweet_spot_table(cells).summary["encoders"][0];
}

TEST(SweetSpot, IsTheDeepestCutThatIsBetterInEveryLanguage) {
  const auto cells = sweep_of("en", 200, {{12, 150}, {10, 170}, {8, 190}, {6, 210}}) +
                     sweep_of("da", 400, {{12, 300}, {10, 390}, {8, 410}, {6, 500}});
  const json verdict = verdict_of(cells);
  EXPECT_EQ(verdict["verdict"], "decided");
  EXPECT_EQ(verdict["layers"], 10) << "eight layers are worse in Danish";
  EXPECT_EQ(verdict["of"], 12);
}

TEST(SweetSpot, AnEqualWerIsNotBetter) {
  EXPECT_EQ(verdict_of(sweep_of("en", 200, {{12, 100}, {10, 200}}))["verdict"], "none");
}

TEST(SweetSpot, CountsTheAdapterAgainstWhatWasCut) {
  const Report table = sweet_spot_table(sweep_of("en", 200, {{12, 150}, {10, 170}}));
  const json& row = table.rows[2];
  EXPECT_EQ(row["kind"], "sweet_spot");
  EXPECT_EQ(row["params"], 200 + 7);
  EXPECT_EQ(row["net_delta"], 207 - 220);
  EXPECT_DOUBLE_EQ(table.summary["encoders"][0]["reduction"].get<double>(), 13.0 / 220.0);
  EXPECT_EQ(table.rows[0]["net_delta"], 0);
  EXPECT_EQ(table.rows[1]["kind"], "baseline_lora");
  EXPECT_EQ(table.rows[1]["net_delta"], 7);
}

TEST(SweetSpot, StaysOpenWhileADeeperCutCouldStillWin) {
  const auto cells = sweep_of("en", 200, {{12, 150}, {10, 170}, {8, -1}});
  const json verdict = verdict_of(cells);
  EXPECT_EQ(verdict["verdict"], "undecided");
  EXPECT_NE(verdict["text"].get<std::string>().find("1 of its cells"), std::string::npos);
  EXPECT_EQ(sweet_spot_table(cells).missing[0]["layers"], 8);
}

TEST(SweetSpot, IsDecidedAsSoonAsNothingMissingCanChangeIt) {
  const auto cells = sweep_of("en", 200, {{10, 170}, {8, 210}}) + sweep_of("da", 400, {{10, 390}, {8, -1}});
  EXPECT_EQ(verdict_of(cells)["layers"], 10) << "eight layers already failed in English";
}

TEST(SweetSpot, OfSeveralSeedsTheMeanDecidesAndSaysSo) {
  const auto cells = sweep_of("en", 200, {{10, 150}}, 1) + sweep_of("en", 200, {{10, 230}}, 2);
  const Report table = sweet_spot_table(cells);
  const json& verdict = table.summary["encoders"][0];
  EXPECT_EQ(verdict["verdict"], "decided") << "190 on the mean, although the second seed alone is worse";
  EXPECT_EQ(verdict["seeds"], 2);
  EXPECT_TRUE(verdict["seed"].is_null());
  EXPECT_NE(verdict["text"].get<std::string>().find("mean of 2 seeds"), std::string::npos);
  ASSERT_EQ(table.rows.size(), 6u) << "three rows a seed, never pooled";
  EXPECT_DOUBLE_EQ(table.rows[2]["wer"]["en"].get<double>(), 0.150);
  EXPECT_DOUBLE_EQ(table.rows[5]["wer"]["en"].get<double>(), 0.230);
}

TEST(SweetSpot, WithoutAnyCutWithLoraThereIsNone) {
  const json verdict = verdict_of({done_cell({.layers = 12}, 100), done_cell({.layers = 10}, 50)});
  EXPECT_EQ(verdict["verdict"], "none");
  EXPECT_NE(verdict["text"].get<std::string>().find("no cut of it with LoRA"), std::string::npos);
}

TEST(SweetSpot, FurtherAxesAreDecidedApart) {
  auto fast = sweep_of("en", 200, {{10, 150}}), slow = sweep_of("en", 200, {{10, 250}});
  for (CellResult& cell : fast) cell.settings = {{"train.lr", 1e-3}};
  for (CellResult& cell : slow) cell.settings = {{"train.lr", 1e-5}};
  const Report table = sweet_spot_table(fast + slow);
  EXPECT_EQ(table.summary["encoders"][0]["verdict"], "decided");
  EXPECT_EQ(table.summary["encoders"][1]["verdict"], "none");
  EXPECT_EQ(table.columns.back().key, "settings");
}

}  // namespace
}  // namespace sweetspot::daemon
