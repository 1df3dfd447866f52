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

// One language, WERs per mille by {layers, lora}; negative: not done.
std::vector<CellResult> grid(const std::vector<std::tuple<int, bool, std::int64_t>>& points,
                             const std::string& language = "en") {
  std::vector<CellResult> cells;
  for (const auto& [layers, lora, errors] : points) {
    const CellAt at{.layers = layers, .language = language, .lora = lora};
    cells.push_back(errors < 0 ? open_cell(at, RunState::failed) : done_cell(at, errors));
  }
  return cells;
}

json verdict_by(const std::vector<CellResult>& cells, const SpotRule& rule) {
  return sweet_spot_table(cells, rule).summary["encoders"][0];
}

TEST(SpotRule, WithinTakesTheSmallestThatIsNearTheBest) {
  const auto cells =
      grid({{12, false, 110}, {12, true, 100}, {10, false, 103}, {8, true, 102}, {6, true, 106}});
  const json two = verdict_by(cells, {.kind = SpotRule::Kind::within, .within = 0.02});
  EXPECT_EQ(two["layers"], 8);
  EXPECT_EQ(two["lora"], true);
  EXPECT_EQ(verdict_by(cells, {.kind = SpotRule::Kind::within, .within = 0.1})["layers"], 6);
  EXPECT_EQ(verdict_by(cells, {.kind = SpotRule::Kind::within, .within = 0})["layers"], 12);
}

TEST(SpotRule, PrefersParametersWhereAskedTo) {
  auto cells = grid({{12, true, 100}, {8, true, 100}, {8, false, 100}});
  const json verdict =
      verdict_by(cells, {.kind = SpotRule::Kind::within, .prefer = SpotRule::Prefer::params});
  EXPECT_EQ(verdict["lora"], false) << "without the adapter there are seven parameters fewer";
}

TEST(SpotRule, PrefersMeasuredSpeedWhereAskedTo) {
  auto cells = grid({{12, false, 100}, {8, true, 100}});
  const auto fast = [](double factor) {
    return std::make_shared<const Evidence>(Evidence{.real_time_factor = factor});
  };
  cells[0].evidence = fast(0.1), cells[1].evidence = fast(0.2);
  const SpotRule rule{.kind = SpotRule::Kind::within, .prefer = SpotRule::Prefer::speed};
  EXPECT_EQ(verdict_by(cells, rule)["layers"], 12);
}

TEST(SpotRule, TheMeanOverTheLanguagesForgivesOneOfThem) {
  const auto cells =
      grid({{12, false, 200}, {10, true, 210}}) + grid({{12, false, 400}, {10, true, 300}}, "da");
  EXPECT_EQ(verdict_by(cells, {})["verdict"], "none");
  EXPECT_EQ(verdict_by(cells, {.scope = SpotRule::Scope::macro})["layers"], 10);
}

TEST(SpotRule, ABestThatMayStillComeLeavesItOpen) {
  const auto cells = grid({{12, false, 100}, {10, false, 100}, {8, false, -1}});
  const json verdict = verdict_by(cells, {.kind = SpotRule::Kind::within});
  EXPECT_EQ(verdict["verdict"], "undecided");
  ASSERT_EQ(verdict["needs"].size(), 1u);
  EXPECT_EQ(verdict["needs"][0]["layers"], 8);
}

TEST(SweetSpot, SaysWhyEachConfigurationIsNotTheOne) {
  const json considered = verdict_of(sweep_of("en", 200, {{10, 150}, {8, 170}, {6, 210}}))["considered"];
  ASSERT_EQ(considered.size(), 3u);
  EXPECT_EQ(considered[0]["outcome"], "worse");
  EXPECT_EQ(considered[0]["why"], "worse in en: 21.00 % against 20.00 %");
  EXPECT_EQ(considered[1]["outcome"], "chosen");
  EXPECT_EQ(considered[2]["outcome"], "costlier");
  EXPECT_EQ(considered[2]["why"], "as good, but 10 layers are not fewer than 8");
}

TEST(SweetSpot, NamesTheCellsItWaitsForAndNoOthers) {
  const auto cells = sweep_of("en", 200, {{12, -1}, {10, 170}, {8, -1}});
  const json verdict = verdict_of(cells);
  ASSERT_EQ(verdict["needs"].size(), 1u) << "the whole encoder with LoRA decides nothing";
  EXPECT_EQ(verdict["needs"][0]["layers"], 8);
}

TEST(SweetSpot, WithoutItsBaselineItSaysWhatTheSweepLacks) {
  const json verdict =
      verdict_of({done_cell({.layers = 12, .lora = true}, 100), done_cell({.layers = 10, .lora = true}, 90)});
  EXPECT_EQ(verdict["verdict"], "undecided");
  ASSERT_EQ(verdict["absent"].size(), 1u);
  EXPECT_EQ(verdict["absent"][0]["layers"], 12);
  EXPECT_EQ(verdict["absent"][0]["lora"], false);
}

TEST(SweetSpot, OverAllEncodersTheFewestParametersWin) {
  auto cells = sweep_of("en", 200, {{12, 150}, {10, 170}});
  for (CellResult cell : sweep_of("en", 200, {{8, 150}, {6, 190}})) {
    cell.encoder = "other";
    cells.push_back(cell);
  }
  const json overall = sweet_spot_table(cells).summary["overall"][0];
  EXPECT_EQ(overall["encoder"], "other");
  EXPECT_EQ(overall["layers"], 6);
}

TEST(SweetSpot, SaysWhereChanceMayHaveHelped) {
  Utterances whole(40, {10, 2}), cut = whole;
  cut[0].second = 1;  // better in one utterance of forty
  std::vector cells = {tested_cell({.layers = 12}, whole), tested_cell({.layers = 10, .lora = true}, cut)};
  resample_all(cells);
  EXPECT_EQ(verdict_of(cells)["verdict"], "decided");
  EXPECT_EQ(verdict_of(cells)["uncertain"], json({"en"}));
}

TEST(Pareto, KeepsWhatNothingBeatsInBoth) {
  // Parameters grow with the layers: 8 layers beat none, 10 is beaten by 8, 12 has the lowest WER.
  const json points =
      sweet_spot_table(grid({{12, false, 100}, {10, false, 130}, {8, false, 120}})).summary["pareto"];
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[0]["layers"], 8);
  EXPECT_EQ(points[0]["best_for_params"], true);
  EXPECT_EQ(points[1]["best_for_params"], false);
  EXPECT_EQ(points[2]["best_for_params"], true);
  EXPECT_EQ(points[0]["best_for_speed"], false) << "never measured";
  EXPECT_EQ(points[2]["wers"], json({{"en", 0.1}})) << "to be drawn language by language";
  EXPECT_EQ(points[2]["encoder_params"], 220);
  EXPECT_EQ(points[0]["system_params"], 180 + 5 + 50);
}

}  // namespace
}  // namespace sweetspot::daemon
