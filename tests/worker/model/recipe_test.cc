#include "worker/recipe/recipe.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "schemas/sha256.h"
#include "tests/worker/model/tiny_world.h"

namespace sweetspot::worker {
namespace {

class Recorder : public Reporter {
 public:
  void progress(const StepProgress& now) override {
    if (now.phase == "training") losses.push_back(now.loss);
    if (phases.empty() || phases.back() != now.phase) phases.emplace_back(now.phase);
    if (int(losses.size()) == cancel_after) cancel = true;
  }
  void epoch(const EpochMetrics& metrics) override { epochs.push_back(metrics); }
  void ended(const CellOutcome&) override { ++ends; }
  bool cancelled() override { return cancel; }

  std::vector<double> losses;
  std::vector<std::string> phases;
  std::vector<EpochMetrics> epochs;
  int ends = 0, cancel_after = -1;
  bool cancel = false;
};

std::string contents(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class Recipe : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    at::set_num_threads(1);
    world = std::make_unique<TinyWorld>();
  }
  static void TearDownTestSuite() { world.reset(); }

  CellOutcome solo(const Cell& cell, const std::string& name, Recorder& recorder) {
    Workshop workshop({});
    const PackMember member = {cell, world->directory(name)};
    Reporter* const reporter = &recorder;
    return run_pack(workshop, {&member, 1}, {&reporter, 1}).front();
  }
  static std::unique_ptr<TinyWorld> world;
};
std::unique_ptr<TinyWorld> Recipe::world;

TEST_F(Recipe, TrainsTestsAndLeavesItsFiles) {
  Cell cell = world->cell();
  cell.lora = LoraSpec{.r = 2, .alpha = 4};
  cell.train.epochs = 12;
  cell.train.early_stop.reset();
  Recorder recorder;
  const auto outcome = solo(cell, "files", recorder);
  ASSERT_TRUE(outcome.ok()) << outcome.error().error.message;
  EXPECT_EQ(recorder.phases.front(), "loading");
  EXPECT_EQ(recorder.phases.back(), "evaluating");
  EXPECT_EQ(recorder.ends, 1);
  ASSERT_EQ(recorder.epochs.size(), 12u);
  EXPECT_LT(recorder.epochs.back().train_loss, 0.8 * recorder.epochs.front().train_loss);

  const auto directory = world->directory("files");
  const std::string lines = contents(directory / kUtterancesFile);
  EXPECT_EQ(outcome->utterances, 6);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 6);
  EXPECT_EQ(outcome->utterances_sha256, sha256_hex(lines));
  EXPECT_EQ(outcome->steps, std::int64_t(recorder.losses.size()));
  EXPECT_EQ(outcome->parameters.projector, 80 * 16 + 16 + 16 * 32 + 32 + 64);
  EXPECT_EQ(outcome->parameters.adapter, 2 * 2 * ((32 + 32) * 2 + (32 + 16) * 2));  // 2 layers; q, o and k, v
  EXPECT_EQ(*run_result_from_json(nlohmann::json::parse(contents(directory / kResultFile))), *outcome);
  for (const char* file : {"projector.safetensors", "sweetspot.json", "adapter/adapter_model.safetensors"})
    EXPECT_TRUE(std::filesystem::exists(directory / file)) << file;
}

TEST_F(Recipe, NumbersOfACellDoNotDependOnItsPackMates) {
  Cell plain = world->cell(), adapted = world->cell(), other_seed = world->cell();
  adapted.layers = 1;
  adapted.lora = LoraSpec{.r = 2, .alpha = 4, .lr = 1e-3};
  other_seed.seed = 7;
  other_seed.train.epochs = 3;
  const std::vector<Cell> cells = {plain, adapted, other_seed};

  Workshop workshop({});
  std::vector<PackMember> pack;
  std::vector<Recorder> recorders(cells.size());
  std::vector<Reporter*> reporters;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    pack.push_back({cells[i], world->directory("pack" + std::to_string(i))});
    reporters.push_back(&recorders[i]);
  }
  const auto outcomes = run_pack(workshop, pack, reporters);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    Recorder alone;
    const auto outcome = solo(cells[i], "solo", alone);
    ASSERT_TRUE(outcome.ok() && outcomes[i].ok());
    EXPECT_EQ(recorders[i].losses, alone.losses) << "cell " << i;
    EXPECT_EQ(outcomes[i]->utterances_sha256, outcome->utterances_sha256);
    EXPECT_EQ(contents(pack[i].directory / "projector.safetensors"),
              contents(world->directory("solo") / "projector.safetensors"));
  }
  EXPECT_NE(recorders[0].losses, recorders[1].losses);
  EXPECT_NE(recorders[0].losses, recorders[2].losses);
}

// On a CPU without such instructions both cells compute in float32, and are equal.
TEST_F(Recipe, ComputesInBf16WhereTheModelIsStoredSoAndTheProcessorCan) {
  Cell cell = world->cell();
  cell.lora = LoraSpec{.r = 2, .alpha = 4, .dropout = 0.1};
  cell.llm = world->directory("llm-bf16");
  std::filesystem::copy(world->directory("llm"), cell.llm);
  const auto stored = SafetensorsFile::open(world->directory("llm") / "model.safetensors");
  NamedTensors tensors;
  for (const auto& [name, entry] : stored->entries())
    tensors.emplace_back(name, stored->view(name).to(torch::kBFloat16));
  ASSERT_TRUE(write_safetensors(std::filesystem::path(cell.llm) / "model.safetensors", tensors).ok());

  Recorder narrow, wide;
  const auto outcome = solo(cell, "bf16", narrow);
  cell.train.precision = "fp32";
  const auto plain = solo(cell, "fp32", wide);
  ASSERT_TRUE(outcome.ok()) << outcome.error().error.message;
  ASSERT_TRUE(plain.ok()) << plain.error().error.message;
  EXPECT_EQ(plain->precision, "fp32");
  EXPECT_EQ(narrow.losses == wide.losses, outcome->precision == "fp32");
  ASSERT_EQ(narrow.losses.size(), wide.losses.size());
  for (std::size_t step = 0; step < wide.losses.size(); ++step)
    EXPECT_NEAR(narrow.losses[step], wide.losses[step], 0.05 * wide.losses[step]);
  EXPECT_EQ(solo(world->cell(), "fp16", narrow)->precision, "fp32");  // stored in float16
}

TEST_F(Recipe, AWarmWorkshopGivesTheSameNumbers) {
  Workshop workshop({});
  std::vector<double> before;
  for (const char* name : {"cold", "warm"}) {
    Recorder recorder;
    Reporter* const reporter = &recorder;
    const PackMember member = {world->cell(), world->directory(name)};
    ASSERT_TRUE(run_pack(workshop, {&member, 1}, {&reporter, 1}).front().ok());
    if (before.empty()) before = recorder.losses;
    EXPECT_EQ(before, recorder.losses);
  }
}

TEST_F(Recipe, ABadCellFailsAloneAndSaysWhy) {
  Cell bad = world->cell();
  bad.layers = 9;
  Workshop workshop({});
  const std::vector<PackMember> pack = {{bad, world->directory("bad")},
                                        {world->cell(), world->directory("good")}};
  Recorder first, second;
  const std::vector<Reporter*> reporters = {&first, &second};
  const auto outcomes = run_pack(workshop, pack, reporters);
  ASSERT_FALSE(outcomes[0].ok());
  EXPECT_EQ(outcomes[0].error().error_class, ErrorClass::bad_input);
  EXPECT_EQ(outcomes[0].error().error.code, "layers_impossible");
  EXPECT_TRUE(outcomes[1].ok());
  EXPECT_EQ(first.ends + second.ends, 2);
}

TEST_F(Recipe, DivergesAfterThreeLossesThatAreNotFinite) {
  Cell cell = world->cell();
  cell.train.lr = 1e38;
  cell.train.warmup = 0;
  cell.train.weight_decay = 1;
  Recorder recorder;
  const auto outcome = solo(cell, "diverged", recorder);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().error_class, ErrorClass::diverged);
  ASSERT_GE(recorder.losses.size(), 2u);
  EXPECT_TRUE(std::isfinite(recorder.losses.front()));
}

TEST_F(Recipe, StopsWhenItIsCancelled) {
  Recorder recorder;
  recorder.cancel_after = 3;
  const auto outcome = solo(world->cell(), "cancelled", recorder);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().error.code, "cancelled");
  EXPECT_LE(recorder.losses.size(), 4u);
}

}  // namespace
}  // namespace sweetspot::worker
