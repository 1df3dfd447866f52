#include "worker/text/tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/worker/speech/temporary_directory.h"

namespace sweetspot::worker {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int64_t>;

const std::filesystem::path kData = SPEECH_TEST_DATA;

Tokenizer tokenizer_named(const std::string& name) { return Tokenizer::load(kData / name).value(); }

class EveryTokenizer : public testing::TestWithParam<std::string> {};

TEST_P(EveryTokenizer, EncodesAndDecodesAsHuggingFaceDoes) {
  const Tokenizer tokenizer = tokenizer_named(GetParam());
  const auto fixture = json::parse(std::ifstream(kData / GetParam() / "encodings.json"));
  ASSERT_EQ(fixture.at("encodings").size(), 200u);
  for (const auto& expected : fixture.at("encodings")) {
    const Ids ids = tokenizer.encode(expected.at("text").get<std::string>());
    EXPECT_EQ(ids, expected.at("ids").get<Ids>()) << expected.at("text");
    EXPECT_EQ(tokenizer.decode(ids), expected.at("decoded"));
  }
}

TEST_P(EveryTokenizer, DecodesAnyIdsAsHuggingFaceDoes) {
  const Tokenizer tokenizer = tokenizer_named(GetParam());
  const auto fixture = json::parse(std::ifstream(kData / GetParam() / "encodings.json"));
  for (const auto& expected : fixture.at("decodings")) {
    EXPECT_EQ(tokenizer.decode(expected.at("ids").get<Ids>()), expected.at("decoded")) << expected.at("ids");
  }
}

TEST_P(EveryTokenizer, EncodesTheSameFromSeveralThreads) {
  const Tokenizer tokenizer = tokenizer_named(GetParam());
  const std::string text = "hello world, k\u00f8benhavn 2024 don't";
  const Ids expected = tokenizer.encode(text);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        EXPECT_EQ(tokenizer.encode(text), expected);
        EXPECT_EQ(tokenizer.decode(tokenizer.encode(std::to_string(round))), std::to_string(round));
      }
    });
  }
  for (auto& thread : threads) thread.join();
}
INSTANTIATE_TEST_SUITE_P(Shapes, EveryTokenizer, testing::Values("qwen2", "gpt2"));

TEST(Tokenizer, KnowsItsTokensAndSize) {
  const Tokenizer tokenizer = tokenizer_named("qwen2");
  const auto end = tokenizer.id_of("<|endoftext|>");
  ASSERT_TRUE(end);
  EXPECT_EQ(tokenizer.encode("<|endoftext|>"), Ids{*end});
  EXPECT_EQ(tokenizer.decode(Ids{*end}), "");
  EXPECT_EQ(tokenizer.id_of("no such token"), std::nullopt);
  EXPECT_EQ(tokenizer.vocabulary_size(), tokenizer.id_of("\u00e9\u00e9").value() + 1);
}

TEST(Tokenizer, LeavesOutIdsBeyondTheVocabulary) {
  const Tokenizer tokenizer = tokenizer_named("qwen2");
  Ids ids = tokenizer.encode("hello");
  ids.insert(ids.begin(), {-1, 1'000'000});
  EXPECT_EQ(tokenizer.decode(ids), "hello");
}

TEST(Tokenizer, TakesLongWordsInItsStride) {
  const std::string word(200'000, 'a');
  const Tokenizer tokenizer = tokenizer_named("qwen2");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(word)), word);
}

TEST(Tokenizer, ReadsMergesAsStringsAndAsPairs) {
  auto file = json::parse(std::ifstream(kData / "qwen2" / "tokenizer.json"));
  for (auto& merge : file["model"]["merges"]) {
    merge = merge.is_array() ? json(merge[0].get<std::string>() + " " + merge[1].get<std::string>())
                             : throw std::logic_error("the fixture is expected to have pairs");
  }
  const TemporaryDirectory directory;
  directory.write("tokenizer.json", file.dump());
  const std::string text = "hello the world";
  EXPECT_EQ(Tokenizer::load(directory.path())->encode(text), tokenizer_named("qwen2").encode(text));
}

TEST(Tokenizer, NamesAFileThatIsNotThere) {
  const auto loaded = Tokenizer::load("/nowhere");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, "tokenizer_missing");
  EXPECT_NE(loaded.error().message.find("/nowhere/tokenizer.json"), std::string::npos);
}

class BrokenTokenizer : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(BrokenTokenizer, IsAnError) {
  auto file = json::parse(std::ifstream(kData / "qwen2" / "tokenizer.json"));
  file.merge_patch(json::parse(GetParam().first));
  const TemporaryDirectory directory;
  directory.write("tokenizer.json", file.dump());
  const auto loaded = Tokenizer::load(directory.path());
  ASSERT_FALSE(loaded) << GetParam().first;
  EXPECT_EQ(loaded.error().code, GetParam().second) << loaded.error().message;
}
INSTANTIATE_TEST_SUITE_P(
    Files, BrokenTokenizer,
    testing::Values(std::pair(R"({"model": null})", "tokenizer_invalid"),
                    std::pair(R"({"model": {"vocab": null}})", "tokenizer_invalid"),
                    std::pair(R"({"model": {"merges": ["no such"]}})", "tokenizer_invalid"),
                    std::pair(R"({"model": {"merges": [1]}})", "tokenizer_invalid"),
                    std::pair(R"({"model": {"vocab": {"a": -4}}})", "tokenizer_unsupported"),
                    std::pair(R"({"model": {"type": "Unigram"}})", "tokenizer_unsupported"),
                    std::pair(R"({"normalizer": {"type": "Lowercase"}})", "tokenizer_unsupported"),
                    std::pair(R"({"pre_tokenizer": {"type": "Whitespace"}})", "tokenizer_unsupported"),
                    std::pair(R"({"pre_tokenizer": null})", "tokenizer_unsupported")));

TEST(Tokenizer, ReportsAFileThatIsNoJson) {
  const TemporaryDirectory directory;
  directory.write("tokenizer.json", R"({"model": )");
  EXPECT_EQ(Tokenizer::load(directory.path()).error().code, "tokenizer_invalid");
}

}  // namespace
}  // namespace sweetspot::worker
