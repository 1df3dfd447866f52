#include "worker/text/tokenizer_trainer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/worker/speech/temporary_directory.h"
#include "worker/text/tokenizer.h"

namespace sweetspot::worker {
namespace {

const std::vector<std::string> kSentences = {"low low low low low", "lower lower",
                                             "newest newest newest newest", "k\u00f8benhavn"};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(TokenizerTrainer, MergesTheMostFrequentPairsFirst) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(train_tokenizer(kSentences, {.merges = 8}, directory.path()));
  const auto file = nlohmann::json::parse(text_of(directory / "tokenizer.json"));
  // What Hugging Face's trainer learns from the same sentences.
  EXPECT_EQ(
      file.at("model").at("merges"),
      nlohmann::json::parse(R"(["l o", "lo w", "\u0120 low", "e s", "e w", "n ew", "es t", "new est"])"));
}

TEST(TokenizerTrainer, GivesATokenizerThatReadsItsOwnText) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(train_tokenizer(kSentences, {.merges = 100}, directory.path()));
  const auto tokenizer = Tokenizer::load(directory.path());
  ASSERT_TRUE(tokenizer);
  for (const std::string text : {"low newest", "unseen \u65e5\u672c\n", "k\u00f8benhavn"}) {
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
  }
  EXPECT_EQ(tokenizer->encode("low").size(), 1u);
  EXPECT_EQ(tokenizer->encode("low<|endoftext|>").back(), tokenizer->id_of("<|endoftext|>"));
}

TEST(TokenizerTrainer, WritesTheSameFilesEveryTime) {
  const TemporaryDirectory one, two;
  ASSERT_TRUE(train_tokenizer(kSentences, {.merges = 30}, one.path()));
  ASSERT_TRUE(train_tokenizer(kSentences, {.merges = 30}, two.path()));
  EXPECT_EQ(text_of(one / "tokenizer.json"), text_of(two / "tokenizer.json"));
  EXPECT_EQ(text_of(one / "tokenizer_config.json"), text_of(two / "tokenizer_config.json"));
}

TEST(TokenizerTrainer, StopsWhenNoPairIsLeft) {
  const TemporaryDirectory directory;
  const std::vector<std::string> sentences = {"ab"};
  ASSERT_TRUE(train_tokenizer(sentences, {.merges = 50}, directory.path()));
  EXPECT_EQ(Tokenizer::load(directory.path())->vocabulary_size(), 256 + 1 + 3);
}

TEST(TokenizerTrainer, ReportsADirectoryThatCannotBeWritten) {
  const auto trained = train_tokenizer(kSentences, {.merges = 1}, "/proc/none");
  ASSERT_FALSE(trained);
  EXPECT_EQ(trained.error().code, "tokenizer_unwritable");
}

}  // namespace
}  // namespace sweetspot::worker
