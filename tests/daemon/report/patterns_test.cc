#include "daemon/report/patterns.h"

#include <gtest/gtest.h>

#include "tests/daemon/report/cells.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

TEST(PatternTag, SeesLoopsOfOneToFourWords) {
  EXPECT_EQ(tag_of("a b", "c c c"), "repetition");
  EXPECT_EQ(tag_of("a b", "x a b a b a b"), "repetition");
  EXPECT_EQ(tag_of("a", "a b c d a b c d a b c d"), "repetition");
  EXPECT_EQ(tag_of("a b", "a b a b"), "") << "twice is no loop";
  EXPECT_EQ(tag_of("no no no", "on on on"), "") << "the reference repeats as well";
}

TEST(PatternTag, SeesWordsThatWereCutOrJoined) {
  EXPECT_EQ(tag_of("luchtvaartmaatschappijen vliegen", "luchtvaart maatschappijen vliegen"), "compound");
  EXPECT_EQ(tag_of("a b", "ab"), "compound");
  EXPECT_EQ(tag_of("a b", "a c"), "");
  EXPECT_EQ(tag_of("", ""), "");
}

TEST(AlignedWords, FollowTheLetters) {
  const UtteranceResult utterance{.reference = "a b c", .hypothesis = "x b d e", .alignment = "SHISD"};
  EXPECT_EQ(aligned_words(utterance), json::parse(R"([
    {"op": "S", "reference": "a", "hypothesis": "x"}, {"op": "H", "reference": "b", "hypothesis": "b"},
    {"op": "I", "reference": "", "hypothesis": "d"}, {"op": "S", "reference": "c", "hypothesis": "e"},
    {"op": "D", "reference": "", "hypothesis": ""}])"));
}

// The utterances of any run: id and texts tell its number.
std::vector<UtteranceResult> made_up(RunId, const std::vector<std::int64_t>& numbers) {
  std::vector<UtteranceResult> utterances;
  for (std::int64_t number : numbers)
    utterances.push_back({.id = "u" + std::to_string(number),
                          .reference = "a",
                          .hypothesis = "b",
                          .alignment = "S",
                          .words = {.substitutions = 1}});
  return utterances;
}

TEST(Patterns, AreAboveEightyPerCentAndWhollyRescued) {
  // WER .8 is not above .8; errors left with LoRA; an empty reference with an insertion has WER 1.
  const std::vector cells = {tested_cell({.layers = 12}, {{5, 0}, {5, 0}, {5, 0}, {0, 0}}),
                             tested_cell({.layers = 10}, {{5, 4}, {5, 5}, {5, 5}, {0, 1}}),
                             tested_cell({.layers = 10, .lora = true}, {{5, 0}, {5, 0}, {5, 1}, {0, 0}})};
  const Report table = patterns_table(cells, made_up);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0]["utterance"], "u1");
  EXPECT_EQ(table.rows[1]["utterance"], "u3");
  EXPECT_EQ(table.rows[0]["words"][0]["op"], "S");
  EXPECT_TRUE(table.rows[0]["tag"].is_null());
  EXPECT_EQ(table.summary["found"][0]["found"], 2);
}

TEST(Patterns, AreAllCountedButTheFirstOnesShown) {
  const std::vector cells = {tested_cell({.layers = 12}, Utterances(200, {1, 0})),
                             tested_cell({.layers = 10}, Utterances(200, {1, 1})),
                             tested_cell({.layers = 10, .lora = true}, Utterances(200, {1, 0}))};
  const Report table = patterns_table(cells, made_up);
  EXPECT_EQ(table.rows.size(), kMostPatterns);
  EXPECT_EQ(table.summary["found"][0]["found"], 200);
  EXPECT_EQ(table.summary["found"][0]["shown"], kMostPatterns);
}

}  // namespace
}  // namespace sweetspot::daemon
