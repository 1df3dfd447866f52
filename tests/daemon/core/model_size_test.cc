#include "daemon/core/model_size.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "daemon/core/memory_need.h"
#include "daemon/core/published_models.h"

namespace sweetspot::daemon {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json published_models() {
  json document;
  std::ifstream(PUBLISHED_MODELS) >> document;
  return document["models"];
}

fs::path config_of(const json& model) {
  const fs::path file =
      fs::path(testing::TempDir()) / ("sweetspot_size_" + std::to_string(getpid()) + ".json");
  std::ofstream(file) << model["config"].dump();
  return file;
}

// The half of a Whisper that is not used, so that the published total can be checked.
std::int64_t decoder_parameters(const WhisperConfig& c) {
  const std::int64_t d = c.d_model, attention = 4 * d * d + 3 * d, norm = 2 * d;
  const std::int64_t layer = 2 * attention + 2 * d * c.decoder_ffn + c.decoder_ffn + d + 3 * norm;
  return c.vocab_size * d + c.max_target_positions * d + c.decoder_layers * layer + norm;
}

TEST(ModelSize, EqualsThePublishedTotals) {
  int models = 0;
  for (const json& model : published_models()) {
    const std::string id = model["id"];
    const fs::path config = config_of(model);
    std::int64_t total = 0;
    if (model["config"]["model_type"] == "whisper") {
      const auto whisper = read_whisper_config(config);
      ASSERT_TRUE(whisper) << id << ": " << whisper.error().message;
      total = encoder_parameters(encoder_shape(*whisper), int(whisper->encoder_layers)) +
              decoder_parameters(*whisper);
      const auto known = published_encoder(id);
      ASSERT_TRUE(known) << id;
      EXPECT_EQ(encoder_parameters(*known, 2), encoder_parameters(encoder_shape(*whisper), 2)) << id;
    } else {
      const auto llm = read_qwen2_config(config);
      ASSERT_TRUE(llm) << id << ": " << llm.error().message;
      total = llm_parameters(*llm);
      if (id.starts_with("Qwen/")) {
        EXPECT_EQ(llm_parameters(*published_llm(id)), total) << id;
      }
    }
    EXPECT_EQ(total, model["parameters"].get<std::int64_t>()) << id;
    ++models;
    fs::remove(config);
  }
  EXPECT_EQ(models, 13);
}

TEST(ModelSize, OfAdaptersAndProjectorsIsThatOfTheirTensors) {
  const Qwen2Config qwen = *published_llm("Qwen/Qwen2.5-3B@main");
  EXPECT_EQ(adapter_parameters({.r = 8}, qwen), 3'686'400);
  EXPECT_EQ(adapter_parameters({.r = 16}, qwen), 7'372'800);
  EXPECT_EQ(adapter_parameters({.r = 1, .targets = {"down"}}, qwen), 36 * (11008 + 2048));
  EXPECT_EQ(adapter_parameters({.r = 1, .targets = {"gate", "up"}}, qwen), 2 * 36 * (11008 + 2048));
  EXPECT_EQ(projector_parameters({}, 768, 2048), 12'066'816);
  EXPECT_EQ(projector_parameters({}, 1024, 2048), 14'688'256);
  EXPECT_EQ(projector_parameters({}, 1280, 2048), 17'309'696);
}

TEST(ModelSize, IsShownBesideWhatThePaperSays) {
  EXPECT_EQ(published_encoder_parameters("openai/whisper-small", 12), 88'150'000);
  EXPECT_EQ(published_encoder_parameters("openai/whisper-small@main", 10), 74'000'000);
  EXPECT_EQ(published_encoder_parameters("openai/whisper-small", 11), std::nullopt);
  EXPECT_EQ(published_encoder_parameters("openai/whisper-base", 6), std::nullopt);
}

class MemoryNeedOfACell : public testing::Test {
 protected:
  MemoryNeedOfACell() { cell_.layers = 12; }
  MemoryNeed need(Hardware hardware = Hardware::gpu) const {
    return memory_need(cell_, *published_encoder("openai/whisper-small"), *published_llm("Qwen/Qwen2.5-3B"),
                       hardware);
  }
  Cell cell_;
};

TEST_F(MemoryNeedOfACell, HoldsItsWeightsAndWhatIsTrained) {
  EXPECT_EQ(need().weights, 2 * (88'154'112 + 3'085'938'688));
  EXPECT_EQ(need(Hardware::cpu).weights, 4 * (88'154'112 + 3'085'938'688)) << "a CPU computes in float32";
  EXPECT_EQ(need().trained, 22 * 12'066'816);
  cell_.lora = LoraSpec{};
  EXPECT_EQ(need().trained, 22 * (12'066'816 + 7'372'800));
  EXPECT_EQ(need(Hardware::cpu).trained, 20 * (12'066'816 + 7'372'800));
  cell_.train.precision = "fp32";
  EXPECT_EQ(need().weights, need(Hardware::cpu).weights);
}

TEST_F(MemoryNeedOfACell, GrowsWithBatchesClipsAndAdapters) {
  const auto before = need().activations;
  const auto grows = [&](auto change) {
    const Cell kept = cell_;
    change(cell_);
    EXPECT_GT(need().activations, before);
    cell_ = kept;
  };
  grows([](Cell& cell) { cell.train.batch = 8; });
  grows([](Cell& cell) { cell.lora = LoraSpec{}; });
  grows([](Cell& cell) { cell.eval.batch = 512; });
  grows([](Cell& cell) { cell.eval.max_new_tokens = 500; });
  cell_.corpus.filter_seconds = {0.5, 10};
  EXPECT_LT(need().activations, before);
}

TEST_F(MemoryNeedOfACell, LeavesATenthFree) {
  const MemoryNeed nine{.weights = 9};
  EXPECT_TRUE(fits(nine, 10));
  EXPECT_FALSE(fits({.weights = 10}, 10));
  EXPECT_TRUE(fits(need(), std::int64_t(80) << 30));
  EXPECT_FALSE(fits(need(), std::int64_t(8) << 30)) << "the LLM alone takes 6 GB";
}

}  // namespace
}  // namespace sweetspot::daemon
