// `sweetspot-worker score`, as a person runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "worker/commands/commands.h"

namespace sweetspot::worker {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Ended {
  int code;
  std::string out, err;
};

class Score : public testing::Test {
 protected:
  ~Score() override { std::remove(file_.c_str()); }

  Ended score(const std::string& pairs, std::vector<std::string> options = {}) {
    std::ofstream(file_) << pairs;
    options.insert(options.begin(), {"score", file_});
    std::reverse(options.begin(), options.end());  // as CLI11 takes a vector
    CLI::App program;
    int code = 0;
    add_score(program, code);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    try {
      program.parse(options);
    } catch (const CLI::ParseError& error) {
      code = program.exit(error);
    }
    std::fflush(stdout);
    return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
  }

  const std::string file_ = testing::TempDir() + "pairs_" + std::to_string(getpid()) + ".jsonl";
};

// Both spellings of the names, in one file. "en to" against "en" and "a b c" against "a x c": 2 errors in 5
// words; in batches of one, the mean of 1/2 and 1/3.
TEST_F(Score, CountsWordsAndCharactersOfTheCorpus) {
  const auto ended = score("{\"reference\": \"En, to!\", \"hypothesis\": \"en\", \"id\": \"1\"}\n\n"
                           "{\"text\": \"a b c\", \"pred_text\": \"a x c\"}\n",
                           {"--batch", "1"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const json rates = json::parse(ended.out);
  EXPECT_EQ(rates["utterances"], 2);
  EXPECT_EQ(rates["words"],
            json::parse(R"({"hits": 3, "substitutions": 1, "deletions": 1, "insertions": 0})"));
  EXPECT_DOUBLE_EQ(rates["wer"].get<double>(), 0.4);
  EXPECT_DOUBLE_EQ(rates["cer"].get<double>(), 0.4);  // 3 of "en to" are gone, b is x: 4 of 10
  EXPECT_DOUBLE_EQ(rates["batch_mean_wer"].get<double>(), (1 / 2. + 1 / 3.) / 2);
  EXPECT_EQ(rates["wer_normalizer"], "paper-wer/1");
  EXPECT_EQ(rates["cer_normalizer"], "paper-cer/1");
}

TEST_F(Score, NormalisesAsItIsTold) {
  const std::string pair = R"({"reference": "don't", "hypothesis": "dont"})";
  EXPECT_EQ(json::parse(score(pair).out)["wer"], 0);
  EXPECT_EQ(json::parse(score(pair, {"--normalizer", "plain-words/1"}).out)["wer"], 1);
}

TEST_F(Score, NamesTheLineThatIsWrong) {
  const std::string good = R"({"reference": "a", "hypothesis": "a"})";
  for (const auto& [line, why] : {std::pair("{\"reference\": \"a\"", ""),
                                  std::pair("{\"reference\": \"a\"}", "no texts reference and hypothesis"),
                                  std::pair("{\"reference\": 1, \"hypothesis\": \"a\"}", "no texts"),
                                  std::pair("[\"a\", \"a\"]", "no texts reference and hypothesis")}) {
    const auto ended = score(good + "\n" + line + "\n");
    EXPECT_EQ(ended.code, 1) << line;
    EXPECT_THAT(ended.err, HasSubstr("error: " + file_ + ":2: ")) << line;
    EXPECT_THAT(ended.err, HasSubstr("hint: ")) << line;
    EXPECT_EQ(ended.out, "") << line;
    EXPECT_THAT(ended.err, HasSubstr(why)) << line;
  }
}

TEST_F(Score, RefusesAFileWithoutPairs) {
  for (const char* nothing : {"", "\n\n"}) {
    const auto ended = score(nothing);
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr(file_ + ": no pair"));
  }
}

TEST_F(Score, RefusesOptionsThatMeanNothing) {
  const std::string pair = R"({"reference": "a", "hypothesis": "a"})";
  EXPECT_NE(score(pair, {"--normalizer", "none"}).code, 0);
  EXPECT_NE(score(pair, {"--batch", "0"}).code, 0);
  EXPECT_NE(score(pair, {"--batch", "many"}).code, 0);
  EXPECT_NE(score(pair, {file_ + ".none"}).code, 0);
}

}  // namespace
}  // namespace sweetspot::worker
