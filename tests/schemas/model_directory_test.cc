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
    for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"})
      unsetenv(name);
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

TEST_F(ModelDirectory, ExpandsTheHomeDirectory) {
  setenv("HF_HOME", "~/models", 1);
  EXPECT_EQ(hub_cache(), root_ / "models/hub");
  setenv("HUGGINGFACE_HUB_CACHE", "~/older", 1);
  EXPECT_EQ(hub_cache(), root_ / "older");
}

TEST_F(ModelDirectory, OfARevisionIsWhatItsReferenceOrCommitSays) {
  const fs::path folder = root_ / ".cache/huggingface/hub/models--a--b";
  put(root_ / ".cache/huggingface/hub", "models--a--b", "aaa111");
  write(folder / "refs/refs/pr/2", "bbb222");
  write(folder / "snapshots/bbb222/config.json", "{}");
  EXPECT_EQ(*model_directory("a/b"), folder / "snapshots/aaa111");
  EXPECT_EQ(*model_directory("a/b@main"), folder / "snapshots/aaa111");
  EXPECT_EQ(*model_directory("a/b@refs/pr/2"), folder / "snapshots/bbb222");
  EXPECT_EQ(*model_directory("a/b@bbb222"), folder / "snapshots/bbb222");
  const auto missing = model_directory("a/b@v1.0");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("refs/v1.0"), std::string::npos) << missing.error().message;
  EXPECT_NE(missing.error().message.find("aaa111"), std::string::npos) << missing.error().message;
  EXPECT_NE(missing.error().hint.find("sweetspot fetch a/b@v1.0"), std::string::npos) << missing.error().hint;
  for (const char* name : {"a/b@", "a/b@../../x", "a/b@/etc", "a/b/c", "a--b/c", "a/.b", "./a", "a b"})
    EXPECT_EQ(parse_hub_model(name).ok() ? "read" : parse_hub_model(name).error().code, "model_name_invalid")
        << name;
}

TEST_F(ModelDirectory, HasItsWeightsThroughRelativeLinks) {
  const fs::path snapshot = put(root_ / ".cache/huggingface/hub", "models--a--b", "abc");
  write(snapshot / "../../blobs/f00", "weights");
  fs::create_symlink("../../blobs/f00", snapshot / "model.safetensors");
  EXPECT_EQ(*weight_files(*model_directory("a/b")), std::vector{snapshot / "model.safetensors"});
  fs::remove(snapshot / "../../blobs/f00");
  EXPECT_EQ(weight_files(snapshot).error().code, "weights_missing") << "the link leads nowhere";
}

TEST_F(ModelDirectory, NamesEveryShardThatIsMissing) {
  const fs::path directory = root_ / "sharded";
  const auto shard = [](int i) { return "model-0000" + std::to_string(i) + "-of-00003.safetensors"; };
  write(directory / "model.safetensors.index.json", R"({"weight_map": {"a": ")" + shard(1) + R"(", "b": ")" +
                                                        shard(2) + R"(", "c": ")" + shard(3) + R"("}})");
  write(directory / shard(2), "");
  const auto files = weight_files(directory);
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, "weights_missing");
  EXPECT_NE(files.error().message.find(shard(1) + ", " + shard(3)), std::string::npos)
      << files.error().message;
  write(directory / shard(1), ""), write(directory / shard(3), "");
  EXPECT_EQ(weight_files(directory)->size(), 3u);
  for (const char* index :
       {R"({"weight_map": {"a": "../x.safetensors"}})", R"({"weight_map": {"a": "x.bin"}})",
        R"({"weight_map": {"a": 1}})", R"({"weight_map": []})", "{}"}) {
    write(directory / "model.safetensors.index.json", index);
    EXPECT_EQ(weight_files(directory).error().code, "weights_mismatch") << index;
  }
}

TEST_F(ModelDirectory, WithPickledWeightsAloneIsRefusedWithTheWayOut) {
  write(root_ / "openai/small.pt", "");
  for (const fs::path& model : {root_ / "openai", root_ / "openai/small.pt"}) {
    const auto found = model_directory(model.string());
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "weights_unsupported");
    EXPECT_NE(found.error().message.find("small.pt"), std::string::npos) << found.error().message;
    EXPECT_NE(found.error().hint.find("sweetspot fetch openai/whisper-small"), std::string::npos);
    EXPECT_NE(found.error().hint.find("convert_openai_to_hf"), std::string::npos) << found.error().hint;
  }
  write(root_ / "old/config.json", "{}"), write(root_ / "old/pytorch_model.bin", "");
  const auto weights = weight_files(*model_directory((root_ / "old").string()));
  ASSERT_FALSE(weights);
  EXPECT_EQ(weights.error().code, "weights_unsupported");
  EXPECT_NE(weights.error().hint.find("safe_serialization"), std::string::npos) << weights.error().hint;
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
