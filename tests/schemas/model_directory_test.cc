#include "schemas/model_directory.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace sweetspot {
namespace {

namespace fs = std::filesystem;

// A cache as Hugging Face lays it out, and an environment that names no other.
class ModelDirectory : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"}) unsetenv(name);
    fs::create_directories(root_);
    setenv("HOME", root_.c_str(), 1);
  }
  void TearDown() override { fs::remove_all(root_); }

  static void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  static fs::path put(const fs::path& cache, const std::string& folder, const std::string& revision) {
    write(cache / folder / "refs/main", revision);
    const fs::path snapshot = cache / folder / "snapshots" / revision;
    write(snapshot / "config.json", "{}");
    return snapshot;
  }

  const fs::path root_ = fs::path(testing::TempDir()) / ("sweetspot_models_" + std::to_string(getpid()));
};

TEST_F(ModelDirectory, OfAnIdIsTheSnapshotThatMainNames) {
  const fs::path snapshot = put(root_ / ".cache/huggingface/hub", "models--openai--whisper-small", "abc123");
  write(root_ / ".cache/huggingface/hub/models--openai--whisper-small/snapshots/older/config.json", "{}");
  const auto found = model_directory("openai/whisper-small");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, snapshot);
}

TEST_F(ModelDirectory, IgnoresTheLineEndOfTheReference) {
  const fs::path snapshot = put(root_ / ".cache/huggingface/hub", "models--gpt2", "abc");
  write(root_ / ".cache/huggingface/hub/models--gpt2/refs/main", "abc\n");
  ASSERT_TRUE(model_directory("gpt2"));
  EXPECT_EQ(*model_directory("gpt2"), snapshot);
}

TEST_F(ModelDirectory, LooksWhereTheEnvironmentSays) {
  const auto home = [&](const char* name, const fs::path& value, const fs::path& cache) {
    setenv(name, value.c_str(), 1);
    EXPECT_EQ(hub_cache(), cache) << name;
  };
  EXPECT_EQ(hub_cache(), root_ / ".cache/huggingface/hub");
  home("XDG_CACHE_HOME", root_ / "xdg", root_ / "xdg/huggingface/hub");
  home("HF_HOME", root_ / "hf", root_ / "hf/hub");
  home("HF_HUB_CACHE", root_ / "hub", root_ / "hub");
  const fs::path snapshot = put(root_ / "hub", "models--a--b", "r");
  EXPECT_EQ(*model_directory("a/b"), snapshot);
}

TEST_F(ModelDirectory, OfAPathIsThePath) {
  write(root_ / "mine/config.json", "{}");
  ASSERT_TRUE(model_directory((root_ / "mine").string()));
  EXPECT_EQ(*model_directory((root_ / "mine").string()), root_ / "mine");
}

TEST_F(ModelDirectory, ThatIsMissingSaysWhatWasLookedFor) {
  const auto says = [](const std::string& model, const std::string& words) {
    const auto found = model_directory(model);
    ASSERT_FALSE(found) << model;
    EXPECT_EQ(found.error().code, "model_missing");
    EXPECT_NE(found.error().message.find(words), std::string::npos) << found.error().message;
    EXPECT_NE(found.error().message.find(model), std::string::npos) << found.error().message;
    EXPECT_NE(found.error().hint.find(hub_cache().string()), std::string::npos) << found.error().hint;
  };
  says("openai/whisper-small", "models--openai--whisper-small/refs/main");
  fs::create_directories(root_ / "empty");
  says((root_ / "empty").string(), "config.json");
  put(root_ / ".cache/huggingface/hub", "models--a--b", "gone");
  fs::remove_all(root_ / ".cache/huggingface/hub/models--a--b/snapshots");
  says("a/b", "gone");
}

TEST_F(ModelDirectory, OfAnIdNeverLeavesTheCache) {
  write(root_ / ".cache/huggingface/config.json", "{}");
  write(root_ / ".cache/huggingface/refs/main", ".");
  EXPECT_FALSE(model_directory("../"));
  EXPECT_FALSE(model_directory("../../huggingface"));
  EXPECT_FALSE(model_directory(""));
}

}  // namespace
}  // namespace sweetspot
