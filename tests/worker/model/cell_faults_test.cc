// A whole cell with one call of its files spoiled, each in turn: what it reports as its result is there, and
// what it cannot write has it tried again.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "schemas/attempt_files.h"
#include "schemas/sha256.h"
#include "tests/worker/model/tiny_world.h"
#include "worker/recipe/recipe.h"

namespace sweetspot::worker {
namespace {

namespace fs = std::filesystem;

constexpr const char *kSpoiled = "spoiled-cell", *kCountFile = "FAULTIO_COUNT";

// Makes room on a full disk as soon as it hears of it.
class Housekeeper : public Reporter {
 public:
  void progress(const StepProgress&) override {}
  void epoch(const EpochMetrics&) override {}
  void ended(const CellOutcome&) override {}
  bool cancelled() override { return false; }
  void note(std::string_view line) override {
    if (line.ends_with("waits for space")) ++waits, ::unsetenv("FAULTIO_ERROR");
  }
  int waits = 0;
};

std::string contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::int64_t count(int which) {  // 0: calls, 1: those that were spoiled
  std::int64_t counts[2] = {};
  std::ifstream(std::getenv(kCountFile), std::ios::binary)
      .read(reinterpret_cast<char*>(counts), sizeof counts);
  return counts[which];
}

class CellFaults : public testing::Test {
 protected:
  CellOutcome attempt() {
    Workshop workshop{WorkshopOptions{}};
    directory = world.directory(kSpoiled + std::to_string(++attempts));
    Cell cell = world.cell();
    cell.lora = LoraSpec{};
    cell.train.epochs = 1;
    const PackMember member = {cell, directory};
    Reporter* const reporter = &housekeeper;
    return run_pack(workshop, {&member, 1}, {&reporter, 1}).front();
  }
  // Of everything that a result speaks of; times are not.
  std::string fingerprint(RunResult result) const {
    result.train_seconds = result.evaluate_seconds = 0;
    result.timing.reset();
    std::string bytes = to_json(result).dump();
    for (const char* file : {kUtterancesFile, "projector.safetensors", "sweetspot.json",
                             "adapter/adapter_model.safetensors", "adapter/adapter_config.json"})
      bytes += contents(directory / file) + "|";
    return sha256_hex(bytes);
  }
  // Without a fault: its fingerprint, and how many calls it makes.
  std::pair<std::string, std::int64_t> sound_attempt() {
    at::set_num_threads(1);
    const CellOutcome sound = attempt();
    EXPECT_TRUE(sound.ok() && count(0) > 20);
    return {sound.ok() ? fingerprint(*sound) : "", count(0)};
  }
  // Empty: the fault fired, and there is a result that is whole, or a failure that is tried again, and then
  // comes out whole.
  std::string wrong_with(std::int64_t call, const std::string& whole) {
    ::setenv("FAULTIO_ERROR", std::to_string(count(0) + call).c_str(), 1);
    const std::int64_t fired = count(1);
    const CellOutcome spoiled = attempt();
    ::unsetenv("FAULTIO_ERROR");
    if (count(1) == fired) return "nothing was spoiled";
    if (spoiled.ok()) return fingerprint(*spoiled) == whole ? "" : "it reports what is not there";
    if (spoiled.error().error_class != ErrorClass::infrastructure)
      return "it is not tried again: " + spoiled.error().error.message;
    ++failed;
    const CellOutcome next = attempt();
    if (!next.ok()) return "nor does it end the next time: " + next.error().error.message;
    return fingerprint(*next) == whole ? "" : "the next time it gives something else";
  }

  TinyWorld world;
  Housekeeper housekeeper;
  fs::path directory;  // of the newest attempt
  int attempts = 0, failed = 0;
};

// This program again, in which the first lines of the test do not apply.
int with_a_spoiled_disk([[maybe_unused]] const std::string& test) {
#ifdef FAULTIO_LIBRARY
  const TemporaryDirectory directory;
  const fs::path counts = directory.path() / "count";
  std::ofstream(counts, std::ios::binary) << std::string(16, '\0');
  const int status =
      std::system((std::string("LD_PRELOAD='") + FAULTIO_LIBRARY + "' FAULTIO_PATH=" + kSpoiled + " " +
                   kCountFile + "='" + counts.string() + "' " + fs::read_symlink("/proc/self/exe").string() +
                   " --gtest_filter='" + test + "'")
                      .c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
#else
  return 77;
#endif
}

// Whether a test is in that program; else it is done by starting it.
bool is_spoiled() { return std::getenv(kCountFile); }
void expect_the_same_with_a_spoiled_disk() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const int code = with_a_spoiled_disk(std::string(test->test_suite_name()) + "." + test->name());
  if (code == 77) GTEST_SKIP() << "built without the daemon's fault tools";
  EXPECT_EQ(code, 0);
}

TEST_F(CellFaults, AnyFailedCallCostsAtMostTheAttempt) {
  if (!is_spoiled()) return expect_the_same_with_a_spoiled_disk();
  const auto [whole, points] = sound_attempt();
  int harmed = 0;
  for (const bool for_good : {false, true}) {
    if (for_good) ::setenv("FAULTIO_ALL", "1", 1);
    for (std::int64_t call = 1; call <= points; ++call) {
      const std::string wrong = wrong_with(call, whole);
      harmed += !wrong.empty();
      EXPECT_EQ(wrong, "") << "call " << call << (for_good ? " and all that follow" : "");
    }
  }
  std::cout << harmed << " of " << 2 * points << " failed calls of a cell's files (all, once and for good; "
            << failed << " cost the attempt) gave a result that is not whole, or none\n";
  EXPECT_EQ(housekeeper.waits, 0);
}

TEST_F(CellFaults, ShortAndInterruptedWritesAreFinished) {
  if (!is_spoiled()) return expect_the_same_with_a_spoiled_disk();
  const auto [whole, points] = sound_attempt();
  ::setenv("FAULTIO_SHORT", "1", 1);
  const CellOutcome outcome = attempt();
  ASSERT_TRUE(outcome.ok()) << outcome.error().error.message;
  EXPECT_EQ(fingerprint(*outcome), whole);
  EXPECT_GT(count(0), 2 * points) << "a write takes more calls";
  EXPECT_GT(count(1), 0) << "some of them were interrupted";
}

TEST_F(CellFaults, AFullDiskIsWaitedForAtAnyCall) {
  if (!is_spoiled()) return expect_the_same_with_a_spoiled_disk();
  const auto [whole, points] = sound_attempt();
  ::setenv("FAULTIO_ALL", "1", 1), ::setenv("FAULTIO_ERRNO", std::to_string(ENOSPC).c_str(), 1);
  int harmed = 0;
  for (std::int64_t call = 1; call <= points; ++call) {
    const std::string wrong = wrong_with(call, whole);
    harmed += !wrong.empty() || failed > 0;
    EXPECT_EQ(wrong, "") << "call " << call;
    EXPECT_EQ(std::exchange(failed, 0), 0) << "call " << call << " cost the attempt";
  }
  std::cout << harmed << " of " << points << " calls of a cell's files that find the disk full (all, "
            << housekeeper.waits << " were waited for) cost anything but the wait\n";
  EXPECT_GT(housekeeper.waits, points / 2);
}

}  // namespace
}  // namespace sweetspot::worker
