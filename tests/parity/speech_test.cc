// Log-mel spectrograms and encoder features against openai-whisper.
#include <fmt/format.h>

#include <fstream>

#include "tests/parity/made_up.h"
#include "tests/parity/suite.h"
#include "worker/audio/log_mel.h"
#include "worker/model/whisper_encoder.h"

namespace sweetspot::worker::parity {
namespace {

using nlohmann::json;

// float32 has eps 1.2e-7; the two sides add the same terms in other orders.
const Tolerance kMel = {1e-5, "eps x an FFT and sums of 400 samples, after log10 in units of four decades"};
const Tolerance kFeatures = {1e-4, "eps x features to 4 x up to 6 layers of sums over 16 to 64 terms"};
const Tolerance kBaseFeatures = {1e-4, "eps x features to 20 x 6 layers of sums over 512 to 2,048 terms"};
const Tolerance kBaseHeard = {1e-3, "whisper's own features move by 3e-4 where its log-mel moves by 2e-7"};

torch::Tensor mel_of(const json& c, int bins) {
  return LogMel(bins)(sound(c.at("kind"), c.at("seed"), c.at("samples")));
}

torch::Tensor index_of(const json& list) { return torch::tensor(list.get<std::vector<std::int64_t>>()); }

TEST(LogMelSpectrogram, EqualsOpenAiWhisper) {
  const Fixture fixture("log_mel");
  for (const int bins : {80, 128}) {
    Piece piece(fmt::format("log-mel, {} bins", bins), "openai-whisper", kMel);
    for (std::size_t i = 0; i < fixture.cases().size(); ++i) {
      const json& c = fixture.cases()[i];
      if (c.at("bins") != bins) continue;
      const torch::Tensor mel = mel_of(c, bins);
      EXPECT_EQ(mel.size(1), c.at("frames"));
      piece.close(mel.index_select(1, index_of(c.at("picks"))), fixture[std::to_string(i)], c.dump());
    }
  }
}

std::vector<int> depths_up_to(int layers) {
  std::vector<int> depths(layers + 1);
  std::iota(depths.begin(), depths.end(), 0);
  return depths;
}

TEST(Encoder, GivesTheFeaturesOfOpenAiWhisperAtEveryDepth) {
  const torch::NoGradGuard no_grad;
  const Fixture fixture("encoder");
  Piece together("encoder, all depths of one pass", "openai-whisper", kFeatures),
      alone("encoder cut to each depth", "openai-whisper", kFeatures);
  for (std::size_t i = 0; i < fixture.cases().size(); ++i) {
    const json& c = fixture.cases()[i];
    const auto directory = cases_directory() / "encoders" / c.at("model").dump();
    const auto depths = depths_up_to(c.at("layers"));
    const auto mel = noise(c.at("seed"), {c.at("batch"), c.at("bins"), c.at("frames")});
    const auto features = load_whisper_encoder(directory, depths.back(), {}).value()->features(mel, depths);
    for (const int depth : depths) {
      const auto wanted = fixture[fmt::format("{}.{}", i, depth)];
      const auto which = fmt::format("{} depth {}", c.dump(), depth);
      together.close(features[depth], wanted, which);
      alone.close(load_whisper_encoder(directory, depth, {}).value()->forward(mel), wanted, which);
    }
  }
}

TEST(Encoder, OfWhisperBaseGivesTheFeaturesOfOpenAiWhisperAtEveryDepth) {
  const auto directory = real_directory() / "whisper-base-encoder";
  if (!std::filesystem::exists(directory)) GTEST_SKIP() << "no genuine weights in " << directory;
  const torch::NoGradGuard no_grad;
  const Fixture fixture("whisper_base");
  Piece given("whisper-base, genuine, every depth", "openai-whisper", kBaseFeatures),
      heard("whisper-base, genuine, from samples", "openai-whisper", kBaseHeard);
  for (std::size_t i = 0; i < fixture.cases().size(); ++i) {
    const json& c = fixture.cases()[i];
    const auto depths = depths_up_to(c.at("layers"));
    const auto encoder = load_whisper_encoder(directory, depths.back(), {}).value();
    const bool is_given = c.at("kind") == "mel";
    const auto mel =
        is_given ? noise(c.at("seed"), {80, c.at("samples").get<std::int64_t>() / 160}) : mel_of(c, 80);
    const auto features = encoder->features(mel.unsqueeze(0), depths);
    for (const int depth : depths)
      (is_given ? given : heard)
          .close(features[depth][0].index_select(0, index_of(c.at("picks"))),
                 fixture[fmt::format("{}.{}", i, depth)], fmt::format("{} depth {}", c.dump(), depth));
  }
}

// A float32 matrix as numpy.save writes it: 10 bytes, a header of stated length, the values row by row.
torch::Tensor read_npy(const std::filesystem::path& file, std::int64_t rows, std::int64_t columns) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  const std::size_t header = 10 + std::uint8_t(bytes.at(8)) + 256 * std::uint8_t(bytes.at(9));
  const auto shape = fmt::format("'shape': ({}, {})", rows, columns);
  const std::string_view stated(bytes.data(), header);
  EXPECT_TRUE(stated.find("'<f4'") != stated.npos && stated.find(shape) != stated.npos) << stated;
  EXPECT_EQ(bytes.size() - header, std::size_t(rows * columns) * sizeof(float));
  return torch::from_blob(bytes.data() + header, {rows, columns}).clone();
}

// Recorded by a third party: the final norm of the input, then the six blocks, and no norm after them.
TEST(Encoder, OfWhisperBaseRepeatsAThirdPartysRecording) {
  const auto weights_of = real_directory() / "whisper-base-encoder", golden = real_directory() / "golden";
  if (!std::filesystem::exists(golden)) GTEST_SKIP() << "no recording in " << golden;
  const torch::NoGradGuard no_grad;
  const auto config = read_whisper_config(weights_of).value();
  const auto weights = Weights::open(weights_of).value();
  LayerNorm norm(config.d_model);
  ASSERT_TRUE(load_parameters(*norm, weights, "model.encoder.layer_norm.", {}).ok());
  auto x = norm->forward(read_npy(golden / "input.npy", 512, 512)).unsqueeze(0);
  for (std::int64_t i = 0; i < config.encoder_layers; ++i) {
    WhisperEncoderLayer layer(config);
    ASSERT_TRUE(load_parameters(*layer, weights, fmt::format("model.encoder.layers.{}.", i), {}).ok());
    x = layer->forward(x);
  }
  Piece piece("whisper-base, genuine, six blocks", "a recorded PyTorch run", kBaseFeatures);
  piece.close(x[0], read_npy(golden / "output_pytorch.npy", 512, 512), "golden");
}

}  // namespace
}  // namespace sweetspot::worker::parity
