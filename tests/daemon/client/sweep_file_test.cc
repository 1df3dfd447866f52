#include "daemon/client/sweep_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "daemon/core/grid.h"
#include "schemas/sweep.h"

namespace sweetspot::daemon {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class SweepFile : public testing::Test {
 protected:
  SweepFile() {
    fs::create_directories(directory_ / "models" / "tiny");
    fs::create_directories(directory_ / "corpora" / "da");
  }
  ~SweepFile() override { fs::remove_all(directory_); }

  std::string inside(const std::string& path) const { return (directory_ / path).string(); }

  const fs::path directory_ = fs::path(testing::TempDir()) / ("sweep_file_" + std::to_string(getpid()));
};

TEST_F(SweepFile, MakesPathsThatExistAbsolute) {
  json sweep = json::parse(R"({"axes": {"encoder": ["models/tiny", "openai/whisper-small", "/abs/dir"]},
                               "llm": "./nowhere/yet", "corpora": {"da": {"path": "corpora/da/"}},
                               "exclude": [{"encoder": "models/tiny"}]})");
  make_paths_absolute(sweep, directory_);
  EXPECT_EQ(sweep["axes"]["encoder"], json({inside("models/tiny"), "openai/whisper-small", "/abs/dir"}));
  EXPECT_EQ(sweep["llm"], inside("nowhere/yet"));
  EXPECT_EQ(sweep["corpora"]["da"]["path"], inside("corpora/da"));
  EXPECT_EQ(sweep["exclude"][0]["encoder"], inside("models/tiny"));
}

TEST_F(SweepFile, NamesADirectoryTheSameHoweverItIsWritten) {
  setenv("HOME", directory_.c_str(), 1);
  for (const std::string& text : {std::string("./models/tiny/"), std::string("~/models/tiny"),
                                  inside("models/tiny/"), std::string("corpora/../models/tiny")}) {
    json sweep = {{"llm", text}};
    make_paths_absolute(sweep, directory_);
    EXPECT_EQ(sweep["llm"], inside("models/tiny")) << text;
  }
}

TEST_F(SweepFile, LeavesWhatIsNoSweepAlone) {
  json sweep = json::parse(R"({"axes": 3, "corpora": ["x"], "llm": {"a": "./b"}})");
  const json before = sweep;
  make_paths_absolute(sweep, directory_);
  EXPECT_EQ(sweep, before);
}

TEST_F(SweepFile, ReadsCommentsAndResolvesAgainstItsOwnDirectory) {
  std::ofstream(directory_ / "sweep.json")
      << "{\n  // the smallest\n  \"axes\": {\"encoder\": [\"models/tiny\"]}\n}\n";
  const auto sweep = load_sweep({.file = inside("sweep.json"), .overrides = {}});
  ASSERT_TRUE(sweep.ok());
  EXPECT_EQ((*sweep)["axes"]["encoder"][0], inside("models/tiny"));
}

TEST_F(SweepFile, SaysWhichFileCannotBeRead) {
  const auto sweep = load_sweep({.file = inside("absent.json"), .overrides = {}});
  ASSERT_FALSE(sweep.ok());
  EXPECT_EQ(sweep.error().code, "sweep_file_unreadable");
  EXPECT_NE(sweep.error().message.find("absent.json"), std::string::npos);
}

TEST_F(SweepFile, OverridesAxesWithLists) {
  json sweep = json::parse(R"({"axes": {"layers": {"from": "full", "to": 2}, "lora": [true]}})");
  ASSERT_TRUE(apply_override(sweep, "encoder=models/tiny,openai/whisper-base", directory_).ok());
  ASSERT_TRUE(apply_override(sweep, "layers=full,4", directory_).ok());
  ASSERT_TRUE(apply_override(sweep, "lora=false,true", directory_).ok());
  ASSERT_TRUE(apply_override(sweep, "axes.train.lr=1e-3,1e-4", directory_).ok());
  EXPECT_EQ(sweep["axes"]["encoder"], json({inside("models/tiny"), "openai/whisper-base"}));
  EXPECT_EQ(sweep["axes"]["layers"], json({"full", 4}));
  EXPECT_EQ(sweep["axes"]["lora"], json({false, true}));
  EXPECT_EQ(sweep["axes"]["train.lr"], json({1e-3, 1e-4}));
}

TEST_F(SweepFile, OverridesOneFieldAndKeepsItsNeighbours) {
  json sweep = json::parse(
      R"({"corpora": {"da": {"format": "nemo-manifest", "path": "x"}}, "train": {"epochs": 15}})");
  ASSERT_TRUE(apply_override(sweep, "corpora.da.path=corpora/da", directory_).ok());
  ASSERT_TRUE(apply_override(sweep, "train.epochs=3", directory_).ok());
  ASSERT_TRUE(apply_override(sweep, "train.early_stop=null", directory_).ok());
  ASSERT_TRUE(apply_override(sweep, "llm=Qwen/Qwen2.5-3B", directory_).ok());
  EXPECT_EQ(sweep["corpora"]["da"], json({{"format", "nemo-manifest"}, {"path", inside("corpora/da")}}));
  EXPECT_EQ(sweep["train"], json({{"epochs", 3}, {"early_stop", nullptr}}));
  EXPECT_EQ(sweep["llm"], "Qwen/Qwen2.5-3B");
}

TEST_F(SweepFile, RefusesAnOverrideWithoutAName) {
  json sweep = json::object();
  for (const char* text : {"epochs", "=3", "train..epochs=3", ""}) {
    const Status applied = apply_override(sweep, text, directory_);
    ASSERT_FALSE(applied.ok()) << text;
    EXPECT_EQ(applied.error().code, "bad_override");
  }
}

TEST(Examples, ThePaperIsAValidSweep) {
  const auto document = load_sweep({.file = EXAMPLES "/paper/sweep.json", .overrides = {}});
  ASSERT_TRUE(document.ok()) << document.error().message;
  const auto spec = parse_sweep(*document);
  ASSERT_TRUE(spec.ok()) << spec.error().front().message;
  EXPECT_EQ(spec->lora_by_language.at("da").r, 8);
  EXPECT_EQ(spec->lora_default.r, 16);
  EXPECT_EQ(spec->corpora.at("en").train_hours, 100);
}

TEST(Examples, RealSpeechIsAValidSweep) {
  const auto document =
      load_sweep({.file = EXAMPLES "/real-speech/sweep.json", .overrides = {"encoder=/models/whisper-base"}});
  ASSERT_TRUE(document.ok()) << document.error().message;
  const auto spec = parse_sweep(*document);
  ASSERT_TRUE(spec.ok()) << spec.error().front().message;
  EXPECT_EQ(spec->encoders, std::vector<std::string>{"/models/whisper-base"});
  EXPECT_TRUE(spec->llm.starts_with('/')) << spec->llm;
  EXPECT_FALSE(spec->train.early_stop);
}

}  // namespace
}  // namespace sweetspot::daemon
