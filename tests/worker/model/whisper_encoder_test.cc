#include "worker/model/whisper_encoder.h"

#include <numeric>

#include "tests/worker/model/fixtures.h"

namespace sweetspot::worker {
namespace {

TEST(WhisperEncoder, GivesTheFeaturesOfTransformersAtEveryDepth) {
  const auto encoder = load_whisper_encoder(kData / "whisper", 3, {});
  ASSERT_TRUE(encoder.ok()) << encoder.error().message;
  const std::vector<int> depths = {3, 0, 1, 2};
  const auto features = (*encoder)->features(expected("whisper.mel"), depths);
  for (std::size_t i = 0; i < depths.size(); ++i)
    expect_close(features[i], expected("whisper.depth" + std::to_string(depths[i])));
}

TEST(WhisperEncoder, KeptToFewerLayersEqualsTheDepthOfTheWhole) {
  const auto whole = *load_whisper_encoder(kData / "whisper", 3, {});
  const auto mel = torch::randn({2, 8, 20});
  for (int depth = 0; depth <= 3; ++depth) {
    const auto kept = *load_whisper_encoder(kData / "whisper", depth, {});
    EXPECT_TRUE(torch::equal(kept->forward(mel), whole->features(mel, {&depth, 1}).front()));
    EXPECT_EQ(parameter_count(*kept), whole->parameter_count(depth));
  }
}

TEST(WhisperEncoder, RefusesImpossibleDepths) {
  const auto encoder = load_whisper_encoder(kData / "whisper", 4, {});
  ASSERT_FALSE(encoder.ok());
  EXPECT_EQ(encoder.error().code, "layers_impossible");
  EXPECT_EQ(encoder.error().pointer, "/layers");
}

TEST(WhisperEncoder, RefusesAudioLongerThanItsPositions) {
  const auto encoder = *load_whisper_encoder(kData / "whisper", 1, {});
  EXPECT_THROW(encoder->forward(torch::zeros({1, 8, 42})), c10::Error);
}

}  // namespace
}  // namespace sweetspot::worker
