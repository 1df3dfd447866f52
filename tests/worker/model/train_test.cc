#include <gtest/gtest.h>

#include <set>

#include "tests/worker/model/fixtures.h"
#include "worker/train/adamw.h"
#include "worker/train/batch.h"
#include "worker/train/checkpoint.h"
#include "worker/train/early_stop.h"
#include "worker/train/features.h"
#include "worker/train/schedule.h"

namespace sweetspot::worker {
namespace {

TEST(AdamW, FollowsTorchThroughTwentyStepsOfClippingAndSchedule) {
  auto a = expected("adamw.a").clone(), b = expected("adamw.b").clone();
  AdamW optimiser({{{a}, 0.05}, {{b}, 0.2}}, {.weight_decay = 0.01, .clip = 1});
  const WarmupCosine schedule = {.steps = 20, .warmup = 4, .min_ratio = 0.1};
  for (int step = 0; step < 20; ++step) {
    ((a - 1).square().sum() * 3 + (b + 2).square().sum()).backward();
    optimiser.step(schedule.at(step));
  }
  expect_close(a.detach(), expected("adamw.a20"));
  expect_close(b.detach(), expected("adamw.b20"));
}

TEST(AdamW, SaysTheNormOfTheGradientsBeforeTheyAreClipped) {
  auto a = torch::zeros({2}), b = torch::zeros({1});
  AdamW optimiser({{{a}, 0.1}, {{b}, 0.1}}, {.clip = 1});
  EXPECT_EQ(optimiser.gradient_norm(), std::nullopt);
  (2 * a.sum() + b.sum()).backward();
  optimiser.step(1);
  EXPECT_EQ(optimiser.gradient_norm(), 3);  // of (2, 2, 1)
}

TEST(Schedule, WarmsUpThenFallsToItsFloor) {
  const WarmupCosine schedule = {.steps = 110, .warmup = 10, .min_ratio = 0.1};
  EXPECT_EQ(schedule.at(0), 0);
  EXPECT_DOUBLE_EQ(schedule.at(5), 0.5);
  EXPECT_DOUBLE_EQ(schedule.at(10), 1);
  EXPECT_DOUBLE_EQ(schedule.at(60), 0.55);
  EXPECT_NEAR(schedule.at(110), 0.1, 1e-12);
}

TEST(EarlyStop, CountsEpochsThatDoNotImproveEnough) {
  EarlyStop stop(EarlyStopSpec{.patience = 2, .min_delta = 0.01});
  EXPECT_FALSE(stop.ends_after(0.5));
  EXPECT_FALSE(stop.ends_after(0.495));  // better, but not enough
  EXPECT_FALSE(stop.ends_after(0.4));
  EXPECT_FALSE(stop.ends_after(0.4));
  EXPECT_TRUE(stop.ends_after(0.395));
  EarlyStop never(std::nullopt);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(never.ends_after(1));
}

std::vector<Utterance> utterances(int n) {
  std::vector<Utterance> all(n);
  for (int i = 0; i < n; ++i) all[i].seconds = 0.6 + 0.37 * i;
  return all;
}

TEST(Batches, HoldOneLengthAndEveryUtteranceOnce) {
  const auto all = utterances(50);
  std::multiset<int> seen;
  for (const Batch& batch : make_batches(all, 2, Shuffle{Rng(1), 1})) {
    EXPECT_LE(batch.size(), 2u);
    for (const int index : batch) {
      EXPECT_EQ(padded_seconds(all[index]), padded_seconds(all[batch.front()]));
      seen.insert(index);
    }
  }
  EXPECT_EQ(seen.size(), 50u);
  EXPECT_EQ(std::set<int>(seen.begin(), seen.end()).size(), 50u);
}

TEST(Batches, OrderDependsOnSeedAndEpochAlone) {
  const auto all = utterances(50);
  const auto order = [&](int seed, int epoch) { return make_batches(all, 2, Shuffle{Rng(seed), epoch}); };
  EXPECT_EQ(order(1, 1), order(1, 1));
  EXPECT_NE(order(1, 1), order(1, 2));
  EXPECT_NE(order(1, 1), order(2, 1));
  EXPECT_EQ(order(1, 1).size(), make_batches(all, 2).size());
}

TEST(Batches, FiveSecondsArePaddedToSixAsInThePaper) {
  Utterance clip;
  clip.seconds = 5.0;
  EXPECT_EQ(padded_seconds(clip), 6);
  clip.seconds = 4.99;
  EXPECT_EQ(padded_seconds(clip), 5);
  clip.seconds = 40;
  EXPECT_EQ(padded_seconds(clip), 30);
}

TEST(FeatureCache, ForgetsWhatWasNotUsedLongest) {
  FeatureCache cache(3 * 40);  // three of ten floats
  for (const char* key : {"a", "b", "c"}) cache.put(key, torch::zeros({10}));
  EXPECT_TRUE(cache.find("a"));
  cache.put("d", torch::zeros({10}));
  EXPECT_FALSE(cache.find("b"));
  for (const char* key : {"a", "c", "d"}) EXPECT_TRUE(cache.find(key)) << key;
  EXPECT_LE(cache.bytes(), cache.budget());
}

TEST(Checkpoint, KeepsOnlyTheBestAndPublishesIt) {
  const TemporaryDirectory directory;
  const Cell cell = {.lora = LoraSpec{.r = 2}, .projector = {.frames = 2, .hidden = 6}};
  const ProjectorShape shape = {4, 32};
  Projector projector(cell.projector, shape);
  projector->initialise(Rng(1), 0.5);
  const auto config = tiny_llm()->config();
  const std::optional<LoraAdapter> adapter(std::in_place, config, *cell.lora, Rng(1), torch::kCPU);
  ASSERT_TRUE(save_best(directory.path(), 1, cell, projector, adapter).ok());
  ASSERT_TRUE(save_best(directory.path(), 3, cell, projector, adapter).ok());
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "best-1"));
  ASSERT_TRUE(publish_best(directory.path(), 3).ok());
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "sweetspot.json"));
  EXPECT_TRUE(LoraAdapter::load(directory.path() / "adapter", config, torch::kCPU).ok());
  const auto loaded = load_projector(directory.path() / "projector.safetensors", shape, torch::kCPU);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const auto x = torch::randn({2, 5, 4});
  EXPECT_TRUE(torch::equal((*loaded)->forward(x, {}), projector->forward(x, {})));
  EXPECT_EQ(projector->forward(x, {}).sizes(), (std::vector<std::int64_t>{2, 2, 32}));
}

TEST(ProjectorFile, SaysWhatItIsAndIsRefusedWhereItDoesNotFit) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "projector.safetensors";
  const ProjectorSpec spec = {.frames = 2, .hidden = 6, .dropout = 0.25, .norm_init = "embedding"};
  Projector projector(spec, ProjectorShape{4, 32});
  projector->initialise(Rng(1), 0.5);
  ASSERT_TRUE(save_projector(file, projector).ok());
  const std::map<std::string, std::string> metadata = {
      {"format", "pt"},    {"type", "concat-linear"},  {"frames", "2"},        {"hidden", "6"},
      {"dropout", "0.25"}, {"norm_init", "embedding"}, {"encoder_width", "4"}, {"llm_width", "32"}};
  EXPECT_EQ(SafetensorsFile::open(file)->metadata(), metadata);
  EXPECT_EQ(load_projector(file, {4, 32}, torch::kCPU).value()->spec(), spec);
  // Width 8 would fit the tensors, as one frame in place of two.
  EXPECT_EQ(load_projector(file, {8, 32}, torch::kCPU).error().message,
            file.string() + ": encoder_width is 4, expected 8");
  EXPECT_EQ(load_projector(file, {4, 64}, torch::kCPU).error().message,
            file.string() + ": llm_width is 32, expected 64");

  const auto with = [&](const std::string& name, const std::string& value) {
    auto changed = metadata;
    changed[name] = value;
    EXPECT_TRUE(write_safetensors(file, named_tensors(*projector, "", torch::kFloat32), changed).ok());
    return load_projector(file, {4, 32}, torch::kCPU);
  };
  EXPECT_EQ(with("type", "q-former").error().code, "model_unsupported");
  EXPECT_EQ(with("hidden", "7").error().message, file.string() + ": hidden is 7, expected 6");
}

}  // namespace
}  // namespace sweetspot::worker
