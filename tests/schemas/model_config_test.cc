#include "schemas/model_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace sweetspot {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class ModelConfig : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(root_); }
  void TearDown() override { fs::remove_all(root_); }
  fs::path put(const json& config) const {
    std::ofstream(root_ / "config.json") << config.dump();
    return root_;
  }
  static json published(const std::string& id) {
    json document;
    std::ifstream(PUBLISHED_MODELS) >> document;
    for (const json& model : document["models"])
      if (model["id"] == id) return model["config"];
    throw std::runtime_error(id + " is not among the published models");
  }
  const fs::path root_ = fs::path(testing::TempDir()) / ("sweetspot_config_" + std::to_string(getpid()));
};

TEST_F(ModelConfig, OfPublishedModelsIsRead) {
  const auto whisper = read_whisper_config(put(published("openai/whisper-large-v3")));
  ASSERT_TRUE(whisper) << whisper.error().message;
  EXPECT_EQ(whisper->mel_bins, 128);
  EXPECT_EQ(whisper->encoder_layers, 32);
  const auto qwen = read_qwen2_config(put(published("Qwen/Qwen2.5-3B")));
  ASSERT_TRUE(qwen) << qwen.error().message;
  EXPECT_EQ(qwen->head_dim, 128);
  EXPECT_EQ(qwen->kv_heads, 2);
  EXPECT_EQ(qwen->rope_theta, 1e6);
  EXPECT_EQ(qwen->rms_norm_eps, 1e-6);
  EXPECT_EQ(qwen->head, Qwen2Config::Head::tied);
  EXPECT_EQ(qwen->bias, Qwen2Config::Bias::query_key_value);
  const auto large = read_qwen2_config(put(published("Qwen/Qwen2.5-7B")));
  EXPECT_EQ(large->head, Qwen2Config::Head::own);
  EXPECT_EQ(large->vocab_size, 152064);
}

TEST_F(ModelConfig, OfLlamaStatesItsOwnHeadsAndScaling) {
  const auto llama = read_qwen2_config(put(published("meta-llama/Llama-3.2-1B")));
  ASSERT_TRUE(llama) << llama.error().message;
  EXPECT_EQ(llama->head_dim, 64);
  EXPECT_EQ(llama->bias, Qwen2Config::Bias::none);
  EXPECT_EQ(llama->rope_scaling, (RopeScaling{.kind = RopeScaling::Kind::llama3,
                                              .factor = 32,
                                              .low_freq_factor = 1,
                                              .high_freq_factor = 4,
                                              .original_positions = 8192}));
  const auto many = read_qwen2_config(put(published("meta-llama/Llama-3.1-8B-Instruct")));
  EXPECT_EQ(many->eos_token_ids, (std::vector<std::int64_t>{128001, 128008, 128009}));
  EXPECT_EQ(read_qwen2_config(put(published("meta-llama/Llama-2-7b-hf")))->rope_scaling, RopeScaling{});
}

TEST_F(ModelConfig, MayStateRotationsAsTransformers5Does) {
  json config = published("meta-llama/Llama-3.2-1B");
  const auto before = read_qwen2_config(put(config));
  config["rope_parameters"] = config["rope_scaling"];
  config["rope_parameters"]["rope_theta"] = config["rope_theta"];
  config.erase("rope_scaling"), config.erase("rope_theta");
  const auto after = read_qwen2_config(put(config));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->rope_scaling, before->rope_scaling);
  EXPECT_EQ(after->rope_theta, 500000);
}

TEST_F(ModelConfig, ThatIsNotImplementedIsRefusedByName) {
  const auto refuses = [&](const char* field, const json& value, const char* code = "model_unsupported") {
    json config = published("Qwen/Qwen2.5-3B");
    config[field] = value;
    const auto read = read_qwen2_config(put(config));
    ASSERT_FALSE(read) << field;
    EXPECT_EQ(read.error().code, code) << field << ": " << read.error().message;
    EXPECT_NE(read.error().message.find(field), std::string::npos) << read.error().message;
    EXPECT_FALSE(read.error().hint.empty()) << field;
  };
  refuses("use_sliding_window", true);
  refuses("layer_types", {"full_attention", "sliding_attention"});
  refuses("rope_scaling", {{"rope_type", "yarn"}, {"factor", 4.0}});
  refuses("rope_scaling", {{"type", "dynamic"}, {"factor", 4.0}});
  refuses("rope_parameters", {{"rope_type", "longrope"}});
  refuses("model_type", "mistral");
  refuses("hidden_act", "gelu");
  refuses("partial_rotary_factor", 0.5);
  refuses("rope_scaling", "yarn", "model_invalid");
  refuses("rope_scaling", {{"rope_type", "llama3"}, {"factor", 8.0}}, "model_invalid");
  refuses("rope_scaling", {{"rope_type", "linear"}, {"factor", "4"}}, "model_invalid");
  refuses("rope_parameters", {{"rope_theta", "big"}}, "model_invalid");
  refuses("num_key_value_heads", 3, "model_invalid");
  refuses("num_hidden_layers", nullptr, "model_invalid");
  refuses("eos_token_id", 151936, "model_invalid");
}

}  // namespace
}  // namespace sweetspot
