#include "daemon/core/imported.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

json document(json cells) { return {{"name", "n"}, {"source", "s"}, {"cells", std::move(cells)}}; }

json cell(json more) {
  json whole = {{"encoder", "whisper"}, {"layers", 4}, {"language", "da"}, {"lora", false}};
  whole.update(more);
  return whole;
}

TEST(Imported, UtterancesAreAlignedAsTheyAreGivenWhereNothingIsToNormaliseThem) {
  json given = document({cell({{"utterances",
                                {{{"reference", "en to tre"}, {"hypothesis", "En to"}},
                                 {{"reference", ""}, {"hypothesis", "x y"}, {"id", "b"}},
                                 {{"reference", "æ"}, {"hypothesis", ""}}}}})});
  given["normalizer"] = "none";
  const auto results = read_imported(given);
  ASSERT_TRUE(results);
  EXPECT_EQ(results->about["normalizer"], "as given");
  const auto& utterances = results->cells.at(0).utterances;
  EXPECT_EQ(utterances[0].alignment, "SHD") << "case counts: nothing is normalised here";
  EXPECT_EQ(utterances[0].id, "0");
  EXPECT_EQ(utterances[1].words.insertions, 2);
  EXPECT_EQ(utterances[1].words.rate(), 2.0) << "an empty reference";
  EXPECT_EQ(utterances[2].words.deletions, 1) << "an empty hypothesis";
  EXPECT_EQ(utterances[2].characters.deletions, 1) << "a character, not its two bytes";
}

TEST(Imported, TextsAreNormalisedAsOwnRunsAreUnlessAnotherRuleIsNamed) {
  json given =
      document({cell({{"utterances", {{{"reference", "Don't (hm) go!"}, {"hypothesis", "dont go"}}}}})});
  const auto ours = read_imported(given);
  ASSERT_TRUE(ours);
  EXPECT_EQ(ours->about["normalizer"], "paper-wer/1");
  EXPECT_EQ(ours->cells[0].utterances[0].reference, "dont go");
  EXPECT_EQ(ours->cells[0].utterances[0].words.errors(), 0);
  given["normalizer"] = "plain-words";
  EXPECT_EQ(read_imported(given)->cells[0].utterances[0].reference, "don't hm go");
  EXPECT_EQ(read_imported(given)->about["normalizer"], "plain-words/1");
  given["normalizer"] = "mine";
  EXPECT_EQ(read_imported(given).error()[0].pointer, "/normalizer");
}

TEST(Imported, ACellHasEitherAWerOrUtterances) {
  const json utterances = {{{"reference", "a"}, {"hypothesis", "a"}}};
  const auto results = read_imported(
      document({cell(json::object()), cell({{"layers", 2}, {"wer", 0.1}, {"utterances", utterances}})}));
  ASSERT_FALSE(results);
  ASSERT_EQ(results.error().size(), 2u);
  EXPECT_EQ(results.error()[0].pointer, "/cells/0");
  EXPECT_EQ(results.error()[1].pointer, "/cells/1");
}

TEST(Imported, TheSameCellTwiceIsRefusedAndAnotherSeedIsAnotherCell) {
  EXPECT_FALSE(read_imported(document({cell({{"wer", 0.1}}), cell({{"wer", 0.2}})})));
  EXPECT_TRUE(read_imported(document({cell({{"wer", 0.1}}), cell({{"wer", 0.2}, {"seed", 2}})})));
}

TEST(Imported, KeepsWhatTheFileSaysAboutItself) {
  json whole = document({cell({{"wer", 0.1}})});
  EXPECT_EQ(read_imported(whole)->about["normalizer"], "as published");
  whole["normalizer"] = "lower case, they say";
  EXPECT_EQ(read_imported(whole)->about["normalizer"], "lower case, they say") << "of a WER it is a remark";
  whole["notes"] = {{"wer", {"hm"}}};
  whole["into"] = "sw_3";
  const auto results = read_imported(whole);
  EXPECT_EQ(results->about["notes"]["wer"][0], "hm");
  EXPECT_EQ(results->into, SweepId{3});
  whole["into"] = "three";
  EXPECT_EQ(read_imported(whole).error()[0].pointer, "/into");
}

}  // namespace
}  // namespace sweetspot::daemon
