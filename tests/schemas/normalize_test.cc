#include "schemas/normalize.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace sweetspot {
namespace {

class EveryNormalizer : public testing::TestWithParam<Normalizer> {};

class PapersNormalizer : public testing::TestWithParam<Normalizer> {};

TEST_P(PapersNormalizer, EqualsThePapersPython) {
  const auto fixture = nlohmann::json::parse(std::ifstream(NORMALIZED));
  ASSERT_GT(fixture.at("cases").size(), 200u);
  for (const auto& expected : fixture.at("cases")) {
    EXPECT_EQ(normalize(GetParam(), expected.at("text").get<std::string>()),
              expected.at(std::string(normalizer_name(GetParam()))))
        << expected.at("text");
  }
}

TEST_P(EveryNormalizer, IsFoundByItsName) {
  EXPECT_EQ(normalizer_named(normalizer_name(GetParam())), GetParam());
}

TEST_P(EveryNormalizer, SurvivesBytesThatAreNotUtf8) {
  EXPECT_EQ(normalize(GetParam(), "ab \xFF\xC3").substr(0, 2), "ab");
}
INSTANTIATE_TEST_SUITE_P(Normalizers, PapersNormalizer,
                         testing::Values(Normalizer::kTrainingText, Normalizer::kPaperWer,
                                         Normalizer::kPaperCer));
INSTANTIATE_TEST_SUITE_P(Normalizers, EveryNormalizer,
                         testing::Values(Normalizer::kTrainingText, Normalizer::kPaperWer,
                                         Normalizer::kPaperCer, Normalizer::kPlainWords));

TEST(Normalize, TrainingTextKeepsInnerApostrophes) {
  EXPECT_EQ(normalize(Normalizer::kTrainingText, "'Don't', rock 'n' ROLL!"), "don't rock n roll");
}

TEST(Normalize, WordsAndCharactersTreatApostrophesDifferently) {
  EXPECT_EQ(normalize(Normalizer::kPaperWer, "Don't"), "dont");
  EXPECT_EQ(normalize(Normalizer::kPaperCer, "Don't"), "don t");
}

TEST(Normalize, PlainWordsKeepsWhatWasSaidAndCutsAtHyphens) {
  EXPECT_EQ(normalize(Normalizer::kPlainWords, "\u2018Don\u2019t\u2019 (STOP) a-b, 3%"), "don't stop a b 3");
}

TEST(Normalize, AnUnknownNameIsNoNormaliser) { EXPECT_EQ(normalizer_named("paper"), std::nullopt); }

}  // namespace
}  // namespace sweetspot
