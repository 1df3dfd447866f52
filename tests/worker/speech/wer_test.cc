#include "worker/text/wer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace sweetspot::worker {
namespace {

TEST(Wer, AlignsAsRapidfuzzDoes) {
  const auto fixture = nlohmann::json::parse(std::ifstream(SPEECH_TEST_DATA "/alignments.json"));
  ASSERT_EQ(fixture.at("cases").size(), 300u);
  for (const auto& expected : fixture.at("cases")) {
    const auto reference = expected.at("reference").get<std::string>();
    const auto hypothesis = expected.at("hypothesis").get<std::string>();
    const Alignment words = align_words(reference, hypothesis);
    const auto& [hits, substitutions, deletions, insertions] = words.counts;
    EXPECT_EQ(words.letters, expected.at("words")) << reference << " / " << hypothesis;
    EXPECT_EQ((std::vector{hits, substitutions, deletions, insertions}), expected.at("counts"));
    EXPECT_EQ(align_characters(reference, hypothesis).letters, expected.at("characters"));
  }
}

TEST(Wer, EmptyReferenceCountsInsertions) {
  const Alignment alignment = align_words("", "a b");
  EXPECT_EQ(alignment.letters, "II");
  EXPECT_EQ(alignment.counts.rate(), 2.0);
}

TEST(Wer, EmptyHypothesisDeletesEveryWord) {
  const Alignment alignment = align_words("a b c", "");
  EXPECT_EQ(alignment.letters, "DDD");
  EXPECT_EQ(alignment.counts.rate(), 1.0);
}

TEST(Wer, NothingAgainstNothingIsNoError) { EXPECT_EQ(align_words("", "").counts, EditCounts{}); }

TEST(Wer, OnlyTheBlankSeparatesWords) {
  EXPECT_EQ(align_words("a  b ", " a b").letters, "HH");
  EXPECT_EQ(align_words("a\tb", "a b").counts.reference(), 1);
}

TEST(Wer, CharactersAreCodePoints) {
  const EditCounts counts = align_characters("bl\u00e5b\u00e6r \U0001F600", "blabaer \U0001F600").counts;
  EXPECT_EQ(counts.reference(), 8);
  EXPECT_EQ(counts.errors(), 3);
}

TEST(Score, CountsWordsAndCharactersAfterTheirNormalisers) {
  const UtteranceResult result = score("Don't go, (laughs) there", "don't go their.");
  EXPECT_EQ(result.reference, "dont go there");
  EXPECT_EQ(result.hypothesis, "dont go their");
  EXPECT_EQ(result.alignment, "HHS");
  EXPECT_EQ(result.words, (EditCounts{.hits = 2, .substitutions = 1}));
  EXPECT_EQ(result.characters.reference(), 14);  // "don t go there": for characters the apostrophe is a blank
  EXPECT_EQ(result.characters.errors(), 2);
}

}  // namespace
}  // namespace sweetspot::worker
