#include "schemas/metrics.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sweetspot {
namespace {

TEST(RunResult, StoredBeforeItHadAMeanOfBatchesAndTimingIsRead) {
  auto stored = to_json(RunResult{.batch_mean_wer = 0.5, .utterances = 3, .timing = Timing{.train = 1}});
  stored.erase("batch_mean_wer"), stored.erase("timing");
  const auto read = run_result_from_json(stored);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->batch_mean_wer, std::nullopt);
  EXPECT_EQ(read->timing, std::nullopt);
  EXPECT_EQ(read->utterances, 3);
  stored.erase("utterances");
  EXPECT_FALSE(run_result_from_json(stored)) << "all else is needed";
}

TEST(Normalizer, OfAnOldResultIsTheOneOfToday) {
  EXPECT_EQ(normalizer_with_version("paper-wer"), kWordNormalizer);
  EXPECT_EQ(normalizer_with_version("paper-wer, rates averaged over batches"),
            "paper-wer/1, rates averaged over batches");
  for (const char* other : {"paper-wer/1", "paper-wer/2", "paper-werx", "as given", ""})
    EXPECT_EQ(normalizer_with_version(other), other);
}

// 32 utterances of one word, half of them wrong, then one of eight words that is right.
TEST(BatchMeanWer, WeighsAShortBatchAsALongOne) {
  std::vector<UtteranceResult> utterances(32);
  for (std::size_t i = 0; i < utterances.size(); ++i)
    utterances[i].words = i < 16 ? EditCounts{.substitutions = 1} : EditCounts{.hits = 1};
  utterances.push_back({.words = {.hits = 8}});
  EXPECT_EQ(batch_mean_wer(utterances), 0.25);
  EXPECT_EQ(batch_mean_wer({}), 0);
}

}  // namespace
}  // namespace sweetspot
