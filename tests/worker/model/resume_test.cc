// A cell that is killed at any point and resumed gives what it would have given, to the bit; and what is
// damaged on disk is never gone on from.
#include <gmock/gmock.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <random>

#include "schemas/attempt_files.h"
#include "schemas/sha256.h"
#include "tests/chances.h"
#include "tests/worker/model/tiny_world.h"
#include "worker/recipe/recipe.h"
#include "worker/train/resume_point.h"

namespace sweetspot::worker {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Killed : std::runtime_error {
  Killed() : std::runtime_error("killed") {}
};

// Listens, and dies or asks the cell back at the n-th sign of progress in a phase.
class Killer : public Reporter {
 public:
  std::string phase;
  int at = 0;
  bool by_asking = false;

  void progress(const StepProgress& now) override {
    if (now.phase == "training") losses.push_back(now.loss);
    if (++seen[std::string(now.phase)] != at || now.phase != phase) return;
    fired = true;
    if (!by_asking) throw Killed();
  }
  void epoch(const EpochMetrics& metrics) override { epochs[metrics.epoch] = metrics; }
  void ended(const CellOutcome&) override {}
  bool cancelled() override { return false; }
  bool handed_back() override { return by_asking && fired; }
  void note(std::string_view line) override { notes += std::string(line) + "\n"; }

  std::map<std::string, int> seen;
  std::map<int, EpochMetrics> epochs;
  std::vector<double> losses;
  std::string notes;
  bool fired = false;
};

std::string contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<fs::path> checkpoints(const fs::path& attempt) {
  std::vector<fs::path> places;
  for (const auto& entry : fs::directory_iterator(attempt / kCheckpointDirectory))
    places.push_back(entry.path());
  std::ranges::sort(places);
  return places;
}

void flip(const fs::path& file, std::size_t bit) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(std::streamoff(bit / 8));
  const char byte = char(stream.get() ^ (1 << bit % 8));
  stream.seekp(std::streamoff(bit / 8));
  stream.put(byte);
}

// Of everything a cell leaves that counts; times do not.
std::string fingerprint(const fs::path& directory, RunResult result) {
  result.train_seconds = result.evaluate_seconds = 0;
  result.timing.reset();
  std::string bytes = to_json(result).dump();
  for (const char* file : {kUtterancesFile, "projector.safetensors", "adapter/adapter_model.safetensors"})
    bytes += contents(directory / file) + "|";
  return sha256_hex(bytes);
}

class Resume : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    at::set_num_threads(1);
    world = std::make_unique<TinyWorld>();
  }
  static void TearDownTestSuite() { world.reset(); }

  // A checkpoint at every step.
  WorkshopOptions options = {.checkpoints = {.pause = {}, .share = 1e12, .free_bytes = 0},
                             .batches_a_search = 3};

  CellOutcome run(const Cell& cell, const std::string& name, Killer& killer,
                  std::vector<fs::path> earlier = {}) {
    Workshop workshop(options);
    const PackMember member = {cell, world->directory(name), std::move(earlier)};
    Reporter* const reporter = &killer;
    return run_pack(workshop, {&member, 1}, {&reporter, 1}).front();
  }
  // The fingerprint of an attempt that must end well.
  std::string finish(const Cell& cell, const std::string& name, Killer& killer,
                     std::vector<fs::path> earlier = {}) {
    const auto outcome = run(cell, name, killer, std::move(earlier));
    if (!outcome.ok()) return outcome.error().error.message;
    return fingerprint(world->directory(name), *outcome);
  }
  // An attempt that dies there; where it stood is left in the directory of that name.
  void kill(const Cell& cell, const std::string& name, const std::string& phase, int at,
            std::vector<fs::path> earlier = {}) {
    Killer killer;
    killer.phase = phase, killer.at = at;
    const auto outcome = run(cell, name, killer, std::move(earlier));
    ASSERT_TRUE(killer.fired) << phase << " " << at;
    ASSERT_FALSE(outcome.ok());
  }
  // Killed at four points, other ones in each round, and each time resumed: how often that gave what the
  // uninterrupted cell gives, and how often it was tried.
  std::pair<int, int> resumed_everywhere(const std::string& name, const Cell& cell, int round) {
    Killer whole;
    const std::string wanted = finish(cell, name, whole);
    std::mt19937 random{unsigned(round)};
    std::pair<int, int> equal_of_tried;
    std::pair<const char*, int> points[] = {
        {"training", 2}, {"training", 9}, {"validating", 2}, {"evaluating", 2}};
    for (auto& [phase, at] : points) {
      if (round > 0) at = 2 + int(random() % unsigned(whole.seen[phase] - 1));
      const bool equal = resumed_equals(wanted, whole, name + phase + std::to_string(at), cell, phase, at);
      equal_of_tried.first += equal, ++equal_of_tried.second;
    }
    return equal_of_tried;
  }
  bool resumed_equals(const std::string& wanted, const Killer& whole, const std::string& name,
                      const Cell& cell, const char* phase, int at) {
    kill(cell, name, phase, at);
    Killer resumed;
    const std::string got = finish(cell, name + "-resumed", resumed, {world->directory(name)});
    EXPECT_EQ(got, wanted) << name << "\n" << resumed.notes;
    EXPECT_THAT(resumed.notes, HasSubstr("goes on from a checkpoint")) << name;
    EXPECT_EQ(resumed.notes.find("not bit-exact"), std::string::npos) << resumed.notes;
    EXPECT_LT(resumed.losses.size(), whole.losses.size()) << "nothing before it is trained again";
    EXPECT_TRUE(std::equal(resumed.losses.rbegin(), resumed.losses.rend(), whole.losses.rbegin()));
    EXPECT_EQ(resumed.epochs.size(), whole.epochs.size()) << "its curve is whole";
    return got == wanted;
  }
  static Cell lora() {
    Cell cell = world->cell();
    cell.lora = LoraSpec{.r = 2, .alpha = 4, .lr = 1e-3};
    return cell;
  }
  static std::unique_ptr<TinyWorld> world;
};
std::unique_ptr<TinyWorld> Resume::world;

TEST_F(Resume, EqualsTheUninterruptedRunWhereverItWasKilled) {
  Cell other = lora();
  other.train.batch = 3, other.train.shuffle = false, other.seed = 7;
  const std::map<std::string, Cell> kinds = {
      {"projector", world->cell()}, {"lora", lora()}, {"unshuffled", other}};
  int equal = 0, tried = 0;
  for (int round = 0; round < times(1); ++round) {
    for (const auto& [kind, usual] : kinds) {
      Cell cell = usual;
      cell.seed += round;
      const auto [same, points] = resumed_everywhere(kind + std::to_string(round) + "-", cell, round);
      equal += same, tried += points;
    }
  }
  std::cout << equal << " of " << tried << " resumed cells equal the uninterrupted one (SHA-256)\n";
}

TEST_F(Resume, EqualsItAlsoAfterManyDeathsAndWithFeaturesThatDoNotFitInMemory) {
  options.feature_bytes = 20'000;
  Killer whole;
  const std::string wanted = finish(lora(), "whole-deaths", whole);
  std::vector<fs::path> earlier;
  for (int death = 0; death < 4; ++death) {
    const std::string name = "death" + std::to_string(death);
    kill(lora(), name, "training", 3, earlier);  // 2 new steps each
    earlier.insert(earlier.begin(), world->directory(name));
    EXPECT_LE(checkpoints(earlier.front()).size(), 2u) << "the last two are kept";
  }
  Killer last;
  EXPECT_EQ(finish(lora(), "last", last, earlier), wanted) << last.notes;
  EXPECT_EQ(last.losses.size(), whole.losses.size() - 4 * 3) << "each attempt went on from the one before";
}

TEST_F(Resume, CarriesTheTimesOfTheAttemptBefore) {
  kill(world->cell(), "times", "evaluating", 2);
  const auto left = ResumePoints().newest(std::vector{world->directory("times")});
  ASSERT_TRUE(left.point);
  Killer resumed;
  const auto outcome = run(world->cell(), "times-resumed", resumed, {world->directory("times")});
  ASSERT_TRUE(outcome.ok() && outcome->timing) << resumed.notes;
  const auto then = timing_from_json(left.point->state.at("timing"));
  EXPECT_GT(then->train, 0);
  EXPECT_EQ(outcome->timing->train, then->train) << "nothing was left to train";
  EXPECT_GT(outcome->timing->test, then->test);
}

TEST_F(Resume, GoesOnFromWhatWasHandedBackThoughNoCheckpointWasDue) {
  Killer whole;
  const std::string wanted = finish(lora(), "whole-asked", whole);
  options.checkpoints = {};
  Killer asked;
  asked.phase = "training", asked.at = 4, asked.by_asking = true;
  const auto outcome = run(lora(), "asked", asked);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().error.code, "handed_back");
  Killer resumed;
  EXPECT_EQ(finish(lora(), "taken", resumed, {world->directory("asked")}), wanted);
  EXPECT_EQ(resumed.losses.size(), whole.losses.size() - 5);
}

TEST_F(Resume, NoFlippedBitGoesUnnoticed) {
  kill(lora(), "flipped", "training", 4);
  const fs::path attempt = world->directory("flipped");
  const fs::path newest = checkpoints(attempt).back();
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(newest)) files.push_back(entry.path());
  ASSERT_EQ(files.size(), 3u);
  std::mt19937_64 random(1);
  int unnoticed = 0;
  const int flips = times(500);
  for (int i = 0; i < flips; ++i) {
    const fs::path& file = files[std::size_t(i) % files.size()];
    const std::size_t bit = random() % (fs::file_size(file) * 8);
    flip(file, bit);
    const auto found = ResumePoints().newest(std::vector{attempt});
    if (found.place == newest || found.rejected.empty()) {
      ++unnoticed;
      ADD_FAILURE() << file << " bit " << bit;
    }
    flip(file, bit);
  }
  std::cout << unnoticed << " of " << flips << " flipped bits unnoticed (seed 1)\n";
  EXPECT_EQ(ResumePoints().newest(std::vector{attempt}).place, newest) << "whole again";
}

TEST_F(Resume, TakesTheOneBeforeADamagedCheckpointAndStartsAnewWithoutAny) {
  Killer whole;
  const std::string wanted = finish(lora(), "whole-damaged", whole);
  kill(lora(), "damaged", "training", 5);
  const auto places = checkpoints(world->directory("damaged"));
  ASSERT_EQ(places.size(), 2u);
  fs::resize_file(places[1] / "tensors.safetensors", 100);
  Killer one;
  EXPECT_EQ(finish(lora(), "from-older", one, {world->directory("damaged")}), wanted);
  EXPECT_THAT(one.notes, HasSubstr("passed over"));
  EXPECT_EQ(one.losses.size(), whole.losses.size() - 4);
  fs::remove(places[0] / "manifest.json");
  Killer none;
  EXPECT_EQ(finish(lora(), "from-none", none, {world->directory("damaged")}), wanted);
  EXPECT_THAT(none.notes, HasSubstr("starts from the beginning"));
  EXPECT_EQ(none.losses, whole.losses);
}

TEST_F(Resume, AnUnfinishedCheckpointDoesNotExist) {
  kill(lora(), "unfinished", "training", 3);
  const fs::path attempt = world->directory("unfinished");
  const auto places = checkpoints(attempt);
  fs::copy(places.back(), attempt / kCheckpointDirectory / ".part");
  EXPECT_EQ(ResumePoints().newest(std::vector{attempt}).place, places.back());
}

TEST_F(Resume, SettingsAndDataThatChangedAreNotGoneOnWith) {
  kill(lora(), "before", "training", 3);
  Cell other = lora();
  other.train.lr = 1e-3;
  Killer changed;
  ASSERT_TRUE(run(other, "other-lr", changed, {world->directory("before")}).ok());
  EXPECT_THAT(changed.notes, HasSubstr("other settings"));

  TinyWorld twin;  // the same paths' contents, but for one word
  Cell cell = twin.cell();
  Workshop first(options), second(options);
  Killer killer, listener;
  killer.phase = "training", killer.at = 3;
  Reporter *kills = &killer, *listens = &listener;
  const PackMember before = {cell, twin.directory("a")},
                   after = {cell, twin.directory("b"), {twin.directory("a")}};
  ASSERT_FALSE(run_pack(first, {&before, 1}, {&kills, 1}).front().ok());
  std::string table = contents(twin.directory("corpus") / "train.tsv");
  table.replace(table.find("low"), 3, "high");
  std::ofstream(twin.directory("corpus") / "train.tsv") << table;
  ASSERT_TRUE(run_pack(second, {&after, 1}, {&listens, 1}).front().ok());
  EXPECT_THAT(listener.notes, HasSubstr("another corpus or model"));
}

TEST_F(Resume, SaysThatItIsNotBitExactWithOtherThreads) {
  kill(lora(), "threads", "evaluating", 1);
  at::set_num_threads(2);
  Killer resumed;
  const auto outcome = run(lora(), "threads-b", resumed, {world->directory("threads")});
  at::set_num_threads(1);
  ASSERT_TRUE(outcome.ok());
  EXPECT_THAT(resumed.notes, HasSubstr("not bit-exact: threads 1 -> 2"));
  EXPECT_THAT(contents(world->directory("threads-b") / "resumed.json"), HasSubstr("\"bit_exact\": false"));
}

TEST_F(Resume, AFullDiskCostsTheCheckpointAndNotTheRun) {
  options.checkpoints.free_bytes = std::uintmax_t(1) << 60;
  Killer killer;
  ASSERT_TRUE(run(world->cell(), "full", killer).ok());
  EXPECT_THAT(killer.notes, HasSubstr("no checkpoint was written"));
  EXPECT_FALSE(ResumePoints().newest(std::vector{world->directory("full")}).point);
}

// Refuses what is larger than a limit, as a device that is full does.
struct SmallMemory final : c10::Allocator {
  c10::Allocator* inner = c10::GetAllocator(c10::kCPU);
  std::size_t limit = SIZE_MAX, largest = 0;
  int refused = 0;
  c10::DataPtr allocate(std::size_t bytes) override {
    largest = std::max(largest, bytes);
    if (bytes > limit) {
      ++refused;
      TORCH_CHECK_WITH(OutOfMemoryError, false, "asked to be small");
    }
    return inner->allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return inner->raw_deleter(); }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
};
SmallMemory small_memory;

// Measures the largest piece of memory that a phase takes from its second sign of progress on, or takes it
// away from there.
class MemoryThief : public Killer {
 public:
  explicit MemoryThief(std::string where) : where_(std::move(where)) {}
  std::size_t limit = SIZE_MAX, largest = 0;
  void progress(const StepProgress& now) override {
    Killer::progress(now);
    if (now.phase != where_) small_memory.limit = SIZE_MAX;
    else if (seen[where_] == 1) small_memory.largest = 0, small_memory.limit = limit;
    else largest = small_memory.largest;
  }

 private:
  std::string where_;
};

TEST_F(Resume, OutOfMemoryBatchesAreComputedInPartsWithTheSameGradients) {
  Cell cell = lora();
  cell.train.batch = 8, cell.train.epochs = 1;
  cell.projector.dropout = cell.lora->dropout = 0;
  c10::SetAllocator(c10::kCPU, &small_memory, 1);
  MemoryThief whole("training"), starved("training");
  ASSERT_TRUE(run(cell, "roomy", whole).ok());
  starved.limit = whole.largest - 1;
  const auto outcome = run(cell, "starved", starved);
  c10::SetAllocator(c10::kCPU, small_memory.inner, 1);
  ASSERT_TRUE(outcome.ok()) << outcome.error().error.message;
  EXPECT_GT(small_memory.refused, 0);
  EXPECT_THAT(starved.notes, HasSubstr("batches are computed in 2 parts"));
  ASSERT_EQ(starved.losses.size(), whole.losses.size());
  for (std::size_t i = 0; i < whole.losses.size(); ++i)
    EXPECT_NEAR(starved.losses[i], whole.losses[i], 1e-4) << i;
}

TEST_F(Resume, OutOfMemoryBatchesAreTranscribedInHalvesWithTheSameAnswers) {
  Cell cell = lora();
  cell.train.epochs = 1;
  cell.eval = {.beam = 8, .max_new_tokens = 600, .batch = 8};  // room for answers is what takes most
  c10::SetAllocator(c10::kCPU, &small_memory, 1);
  MemoryThief whole("evaluating"), starved("evaluating");
  const std::string wanted = finish(cell, "spacious", whole);
  starved.limit = whole.largest - 1;
  const std::string answers = finish(cell, "cramped", starved);
  c10::SetAllocator(c10::kCPU, small_memory.inner, 1);
  EXPECT_EQ(answers, wanted);
  EXPECT_THAT(starved.notes, HasSubstr("utterances are transcribed in two halves"));
}

}  // namespace
}  // namespace sweetspot::worker
