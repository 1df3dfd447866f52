#include "worker/recipe/recipe.h"

#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "schemas/sha256.h"
#include "tests/worker/model/tiny_world.h"

namespace sweetspot::worker {
namespace {

using Clock = std::chrono::steady_clock;
double seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

class Recorder : public Reporter {
 public:
  void progress(const StepProgress& now) override {
    last = Clock::now();
    if (phases.empty()) first = last;
    if (now.phase == "training") losses.push_back(now.loss);
    if (phases.empty() || phases.back() != now.phase) phases.emplace_back(now.phase);
    if (int(losses.size()) == cancel_after) cancel = true;
  }
  void epoch(const EpochMetrics& metrics) override { epochs.push_back(metrics); }
  void ended(const CellOutcome&) override { ++ends, end = Clock::now(); }
  bool cancelled() override { return cancel; }

  std::vector<double> losses;
  std::vector<std::string> phases;
  std::vector<EpochMetrics> epochs;
  Clock::time_point first, last, end;  // of progress; of all
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

// Twelve cells of one pack take their steps together; each alone gives the same but for rounding.
TEST_F(Recipe, NumbersOfACellDoNotDependOnItsPackMates) {
  std::vector<Cell> cells;
  for (const int layers : {2, 1})
    for (const int rank : {0, 2, 3}) {
      Cell cell = world->cell();
      cell.layers = layers;
      if (rank > 0) cell.lora = LoraSpec{.r = rank, .alpha = 4, .dropout = 0.1 * rank, .lr = 1e-3};
      cells.push_back(cell);
      cell.train.lr *= 0.5;
      cell.train.epochs = 3;
      cells.push_back(cell);
    }
  cells[4].lora->targets = {"q", "down"};
  cells[7].seed = 7;  // another order of the data: it steps by itself unless lengths happen to agree

  Workshop workshop({});
  std::vector<PackMember> pack;
  std::vector<Recorder> recorders(cells.size());
  std::vector<Reporter*> reporters;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    pack.push_back({cells[i], world->directory("pack" + std::to_string(i))});
    reporters.push_back(&recorders[i]);
  }
  const auto outcomes = run_pack(workshop, pack, reporters);
  double furthest = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    Recorder alone;
    const auto outcome = solo(cells[i], "solo" + std::to_string(i), alone);
    ASSERT_TRUE(outcome.ok() && outcomes[i].ok());
    ASSERT_EQ(recorders[i].losses.size(), alone.losses.size()) << "cell " << i;
    for (std::size_t step = 0; step < alone.losses.size(); ++step)
      furthest = std::max(furthest, std::abs(recorders[i].losses[step] - alone.losses[step]));
    EXPECT_EQ(outcomes[i]->utterances_sha256, outcome->utterances_sha256) << "cell " << i;
    EXPECT_EQ(outcomes[i]->best_epoch, outcome->best_epoch);
    EXPECT_EQ(recorders[i].phases, alone.phases);
  }
  EXPECT_LT(furthest, 1e-5);
  std::cout << "12 cells: losses alone and in a pack differ by " << furthest << " at most\n";
  EXPECT_NE(recorders[0].losses, recorders[1].losses);
  EXPECT_NE(recorders[2].losses, recorders[4].losses);
}

// A loss that is not finite, an audio file that vanishes, a cancellation: all in the same pack.
TEST_F(Recipe, ACellThatFailsInAPackChangesNothingForItsMates) {
  Cell diverging = world->cell();
  diverging.train.lr = 1e38, diverging.train.warmup = 0, diverging.train.weight_decay = 1;
  const std::vector<PackMember> pack = {{diverging, world->directory("mate-diverges")},
                                        {world->cell(), world->directory("mate-cancelled")},
                                        {world->cell(), world->directory("mate")}};
  std::vector<Recorder> recorders(pack.size());
  recorders[1].cancel_after = 3;
  Workshop workshop({});
  const std::vector<Reporter*> reporters = {&recorders[0], &recorders[1], &recorders[2]};
  const auto outcomes = run_pack(workshop, pack, reporters);
  ASSERT_FALSE(outcomes[0].ok());
  EXPECT_EQ(outcomes[0].error().error_class, ErrorClass::diverged);
  ASSERT_FALSE(outcomes[1].ok());
  EXPECT_EQ(outcomes[1].error().error.code, "cancelled");
  ASSERT_TRUE(outcomes[2].ok()) << outcomes[2].error().error.message;
  Recorder alone;
  const auto outcome = solo(world->cell(), "mate-alone", alone);
  EXPECT_EQ(outcomes[2]->utterances_sha256, outcome->utterances_sha256);
  for (std::size_t step = 0; step < alone.losses.size(); ++step)
    EXPECT_NEAR(recorders[2].losses[step], alone.losses[step], 1e-5);
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

// From the first sign of progress to the last all is somebody's.
TEST_F(Recipe, TheTimesOfACellAddUpToItsOwn) {
  Recorder recorder;
  const auto outcome = solo(world->cell(), "timed", recorder);
  ASSERT_TRUE(outcome.ok() && outcome->timing);
  const Timing& timing = *outcome->timing;
  const double took = seconds(recorder.first, recorder.last);
  EXPECT_NEAR(timing.total(), took, 0.1 * took);
  for (const auto kind : {&Timing::audio, &Timing::encode, &Timing::train, &Timing::validate, &Timing::test})
    EXPECT_GT(timing.*kind, 0);
  EXPECT_NEAR(timing.train + timing.validate, outcome->train_seconds, 0.1 * took);
  ASSERT_TRUE(timing.saved);
  EXPECT_LE(*timing.saved, 1e-9) << "there was nobody to share with";
}

// What they share is in equal parts, whoever of them did it for all. Writing a result is nobody's.
TEST_F(Recipe, TheTimesOfAPackAddUpToItsOwn) {
  std::vector<PackMember> pack;
  std::vector<Recorder> recorders(4);
  std::vector<Reporter*> reporters;
  for (const int i : {0, 1, 2, 3}) {
    Cell cell = world->cell();
    cell.layers = i % 2 ? 2 : 1;
    if (i == 3) cell.train.epochs = 1;  // is tested and gone while the others train
    pack.push_back({cell, world->directory("timed" + std::to_string(i))});
    reporters.push_back(&recorders[std::size_t(i)]);
  }
  Workshop workshop({});
  const auto outcomes = run_pack(workshop, pack, reporters);
  double total = 0, alone = 0;
  for (const CellOutcome& outcome : outcomes) {
    ASSERT_TRUE(outcome.ok() && outcome->timing && outcome->timing->saved);
    const Timing& timing = *outcome->timing;
    total += timing.total();
    alone += timing.audio + timing.encode + *timing.saved;
  }
  const double took = seconds(recorders[1].first, recorders[2].last);  // the deepest is loaded first
  EXPECT_NEAR(total, took - seconds(recorders[3].last, recorders[3].end), 0.1 * took);
  EXPECT_DOUBLE_EQ(outcomes[0]->timing->other, outcomes[1]->timing->other);
  EXPECT_DOUBLE_EQ(outcomes[0]->timing->encode, outcomes[1]->timing->encode);
  EXPECT_LT(outcomes[3]->timing->train, outcomes[0]->timing->train);
  EXPECT_GT(*outcomes[1]->timing->saved, *outcomes[0]->timing->saved) << "a deeper cell saves more";
  const EncoderWork work = (*workshop.encoder(pack[0].cell.encoder, 2, Precision::fp32))->work();
  EXPECT_NEAR(alone, 2 * *work.seconds(work.clips, 2) + 2 * *work.seconds(work.clips, 1), 1e-6)
      << "each would have encoded every clip once";
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
