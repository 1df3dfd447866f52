#include "daemon/plan.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

namespace sweetspot::daemon {
namespace {

namespace fs = std::filesystem;

// A machine with nothing on it but what a test puts there.
class PlanTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(root_);
    setenv("HF_HUB_CACHE", (root_ / "hub").c_str(), 1);
  }
  void TearDown() override {
    unsetenv("HF_HUB_CACHE");
    fs::remove_all(root_);
  }
  std::string put(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
    return (root_ / name).parent_path().string();
  }
  static std::set<std::string> pointers(const Errors& errors) {
    std::set<std::string> out;
    for (const Error& error : errors) out.insert(error.pointer);
    return out;
  }
  static SweepSpec spec(std::vector<std::string> encoders) {
    return {.name = "t",
            .encoders = std::move(encoders),
            .languages = {"da"},
            .corpora = {{"da", {.path = "/nowhere/da"}}},
            .llm = "Qwen/Qwen2.5-3B"};
  }

  const fs::path root_ = fs::path(testing::TempDir()) / ("sweetspot_plan_" + std::to_string(getpid()));
};

TEST_F(PlanTest, OfPublishedWhispersNeedsNoFilesAndNamesEachThatIsMissing) {
  const Plan plan =
      make_plan(spec({"openai/whisper-small", "openai/whisper-medium", "openai/whisper-large-v2"}));
  EXPECT_TRUE(plan.grid.errors.empty());
  EXPECT_EQ(plan.grid.cells.size(), 34u);
  EXPECT_EQ(pointers(plan.missing), (std::set<std::string>{"/axes/encoder/0", "/axes/encoder/1",
                                                           "/axes/encoder/2", "/llm", "/corpora/da/path"}));
  EXPECT_EQ(plan.missing.size(), 7u) << "three encoders, the LLM and three splits";
  for (const Error& error : plan.missing) EXPECT_FALSE(error.hint.empty()) << error.message;
}

TEST_F(PlanTest, ReadsTheDepthOfADirectory) {
  const std::string encoder = put("tiny/config.json", R"({"d_model": 64, "encoder_layers": 6})");
  Plan plan = make_plan(spec({encoder}));
  EXPECT_EQ(plan.grid.cells.size(), 3u);
  EXPECT_TRUE(pointers(plan.missing).contains("/axes/encoder/0")) << "there are no weights yet";
  put("tiny/model.safetensors", "");
  EXPECT_FALSE(pointers(make_plan(spec({encoder})).missing).contains("/axes/encoder/0"));
}

TEST_F(PlanTest, DoesNotKnowAModelThatIsNoWhisper) {
  for (const char* config : {"{}", "not json", R"({"d_model": "64", "encoder_layers": 6})", "[]"}) {
    const Plan plan = make_plan(spec({put("odd/config.json", config)}));
    ASSERT_EQ(plan.grid.errors.size(), 1u) << config;
    EXPECT_EQ(plan.grid.errors[0].code, "unknown_encoder");
  }
  EXPECT_EQ(make_plan(spec({"somebody/else"})).grid.errors.size(), 1u);
}

TEST_F(PlanTest, NamesEverythingThatIsWrongWithAModel) {
  const std::string llm = put("llm/config.json", R"({"model_type": "mistral"})");
  put("llm/pytorch_model.bin", "");
  SweepSpec sweep = spec({"openai/whisper-small"});
  sweep.llm = llm;
  std::set<std::string> codes;
  for (const Error& error : make_plan(sweep).missing)
    if (error.pointer == "/llm") codes.insert(error.code);
  EXPECT_EQ(codes, (std::set<std::string>{"model_unsupported", "model_missing", "weights_unsupported"}));
  EXPECT_EQ(make_plan(spec({"/nowhere/small.pt"})).models.at("/nowhere/small.pt").role, Role::encoder);
}

TEST_F(PlanTest, SaysHowLargeItsCellsAre) {
  SweepSpec sweep = spec({"openai/whisper-small@main"});
  sweep.lora = {false, true};
  sweep.languages = {"da", "nl"};
  sweep.corpora["nl"] = sweep.corpora["da"];
  sweep.lora_by_language["da"] = {.r = 8};
  const Plan plan = make_plan(sweep);
  const auto sizes = cell_sizes(plan, Hardware::gpu);
  ASSERT_EQ(sizes.size(), 6u * 3) << "without LoRA, with r = 8, with r = 16, at six depths";
  EXPECT_EQ(sizes[0].encoder_parameters, 88'154'112);
  EXPECT_EQ(sizes[0].llm_parameters, 3'085'938'688);
  EXPECT_EQ(sizes[0].cells, 2) << "both languages";
  std::set<std::int64_t> adapters;
  for (const CellSize& size : sizes) adapters.insert(size.adapter_parameters);
  EXPECT_EQ(adapters, (std::set<std::int64_t>{0, 3'686'400, 7'372'800}));
  sweep.llm = "somebody/else";
  EXPECT_TRUE(cell_sizes(make_plan(sweep), Hardware::gpu).empty()) << "nothing is guessed";
}

TEST_F(PlanTest, SaysWhatFeaturesTakeOnDisk) {
  SweepSpec sweep = spec({"openai/whisper-small", "somebody/else"});
  sweep.languages = {"da", "nl"};
  sweep.corpora["nl"] = sweep.corpora["da"];
  sweep.corpora["nl"].train_hours = 100;
  sweep.lora = {false, true};
  const Plan plan = make_plan(sweep);
  // 6 depths of 768 values, 50 frames a second.
  constexpr std::int64_t kHour = 6ll * 768 * 50 * 3600;
  EXPECT_EQ(feature_needs(plan, Hardware::gpu),
            (std::vector<FeatureNeed>{{"openai/whisper-small", "da", 6, 2 * kHour, std::nullopt},
                                      {"openai/whisper-small", "nl", 6, 2 * kHour, 200 * kHour}}));
  EXPECT_EQ(feature_needs(plan, Hardware::cpu).front().bytes_an_hour, 4 * kHour);
}

TEST_F(PlanTest, RefusesRelativeCorpora) {
  SweepSpec relative = spec({"openai/whisper-small"});
  relative.corpora["da"].path = "data/da";
  const Plan plan = make_plan(relative);
  ASSERT_EQ(plan.missing.back().pointer, "/corpora/da/path");
  EXPECT_NE(plan.missing.back().message.find("relative"), std::string::npos);
}

TEST_F(PlanTest, LooksForTheSplitsOfTheCorpusFormat) {
  SweepSpec manifests = spec({"openai/whisper-small"});
  for (const char* split : {"train", "dev", "test"}) put(std::string("da/") + split + ".json", "");
  manifests.corpora["da"] = {.format = "nemo-manifest", .path = (root_ / "da").string()};
  EXPECT_FALSE(pointers(make_plan(manifests).missing).contains("/corpora/da/path"));
  manifests.corpora["da"].format = "common-voice";
  EXPECT_TRUE(pointers(make_plan(manifests).missing).contains("/corpora/da/path"));
}

}  // namespace
}  // namespace sweetspot::daemon
