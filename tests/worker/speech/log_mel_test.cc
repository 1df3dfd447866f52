#include "worker/audio/log_mel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

namespace sweetspot::worker {
namespace {

class LogMelFixture : public testing::TestWithParam<int> {};

TEST_P(LogMelFixture, EqualsTransformers) {
  const auto fixture = nlohmann::json::parse(std::ifstream(LOG_MEL_FIXTURE));
  std::vector<float> samples;
  for (const auto& sample : fixture.at("samples")) samples.push_back(sample.get<float>() / 32768);
  const auto rows = fixture.at("mel_" + std::to_string(GetParam())).get<std::vector<std::vector<float>>>();

  const torch::Tensor mel = LogMel(GetParam())(samples);

  ASSERT_EQ(mel.sizes(), (std::vector<std::int64_t>{GetParam(), 25}));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto difference = (mel[static_cast<std::int64_t>(row)] - torch::tensor(rows[row])).abs().max();
    EXPECT_LE(difference.item<float>(), 1e-5) << "mel " << row;
  }
}
INSTANTIATE_TEST_SUITE_P(Bands, LogMelFixture, testing::Values(80, 128));

TEST(LogMel, GivesAHundredFramesASecond) {
  const std::vector<float> second(16000, 0.1f);
  EXPECT_EQ(LogMel(80)(second).sizes(), (std::vector<std::int64_t>{80, 100}));
}

TEST(LogMel, MakesSilenceConstant) {
  const torch::Tensor mel = LogMel(80)(std::vector<float>(16000, 0.0f));
  EXPECT_EQ(mel.min().item<float>(), -1.5f);
  EXPECT_EQ(mel.max().item<float>(), -1.5f);
}

TEST(PadToNextSecond, AlwaysAddsUpToTheNextWholeSecond) {
  auto seconds_of = [](std::size_t samples) {
    return double(pad_to_next_second(std::vector<float>(samples, 1.0f)).size()) / 16000;
  };
  EXPECT_EQ(seconds_of(0), 1);
  EXPECT_EQ(seconds_of(15999), 1);
  EXPECT_EQ(seconds_of(16000), 2);
  EXPECT_EQ(seconds_of(5 * 16000), 6);
  EXPECT_EQ(seconds_of(30 * 16000), 30);
  EXPECT_EQ(seconds_of(40 * 16000), 30);
}

TEST(PadToNextSecond, KeepsTheSamplesAndAppendsZeros) {
  const auto padded = pad_to_next_second(std::vector<float>(100, 1.0f));
  EXPECT_TRUE(std::all_of(padded.begin(), padded.begin() + 100, [](float sample) { return sample == 1.0f; }));
  EXPECT_TRUE(std::all_of(padded.begin() + 100, padded.end(), [](float sample) { return sample == 0.0f; }));
}

}  // namespace
}  // namespace sweetspot::worker
