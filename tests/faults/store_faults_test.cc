// Whatever the disk does under the real store, reactor and scheduler: nothing acknowledged is lost, nothing
// is doubled, and everything comes to its end without a person.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <vector>

#include "tests/daemon/temporary_directory.h"
#include "tests/faults/life.h"
#include "tests/faults/recording_disk.h"

namespace sweetspot::faults {
namespace {

namespace fs = std::filesystem;

// SWEETSPOT_FAULTS=N asks for N times as many chances, as tests/faults/long does.
int times(int count) {
  const char* factor = std::getenv("SWEETSPOT_FAULTS");
  return count * (factor ? std::max(1, std::atoi(factor)) : 1);
}

// A life of three runs on a recorded disk, and what had been acknowledged when.
class StoreFaults : public testing::Test {
 protected:
  struct Acknowledged {
    std::size_t operations;
    std::int64_t event;
  };

  void live() {
    Life life(whole);
    life.on_commit = [&] { answers.push_back({disk.operations().size(), newest_event(whole)}); };
    ASSERT_TRUE(life.start() && life.submit() && life.finish()) << life.last_error().message;
    ASSERT_EQ(what_is_wrong(whole, Life::kRuns), "");
    disk.stop();
    ASSERT_GT(answers.size(), 10u);
  }
  // The newest event that had been acknowledged by then.
  std::int64_t acknowledged(std::size_t operations) const {
    std::int64_t event = 0;
    for (const Acknowledged& answer : answers)
      if (answer.operations <= operations) event = answer.event;
    return event;
  }
  // Starts on what is there; what is lost or wrong, then or at the end of it all.
  std::string lives_on(std::size_t operations, bool to_the_end) {
    Life life(image);
    if (!life.start()) return "it does not start: " + life.last_error().message;
    if (newest_event(image) < acknowledged(operations)) return "what was acknowledged is lost";
    if (!to_the_end) return "";
    if (!life.submit() || !life.finish()) return life.last_error().message;
    return what_is_wrong(image, Life::kRuns);
  }

  daemon::TemporaryDirectory directory;
  const fs::path whole = directory.path() / "whole", image = directory.path() / "image";
  RecordingDisk disk;
  std::vector<Acknowledged> answers;
};

TEST_F(StoreFaults, AnExitAtAnyWriteOrSyncLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(live());
  const std::size_t points = disk.operations().size() + 1;
  std::size_t failed = 0;
  for (std::size_t n = 0; n < points; ++n) {
    RecordingDisk::lay_out(disk.after(n), image);
    if (const std::string wrong = lives_on(n, true); !wrong.empty()) {
      ++failed;
      ADD_FAILURE() << "after " << n << " operations: " << wrong;
    }
  }
  std::cout << failed << " of " << points << " points of exit lost, doubled or stuck anything (all points)\n";
}

TEST_F(StoreFaults, APowerCutAtAnyMomentLosesNothingThatWasAcknowledged) {
  ASSERT_NO_FATAL_FAILURE(live());
  std::mt19937_64 random(1);
  const int cuts = times(2000);
  int failed = 0, torn = 0;
  for (int cut = 0; cut < cuts; ++cut) {
    const std::size_t n = random() % (disk.operations().size() + 1);
    const auto files = disk.after_power_cut(n, random);
    torn += files != disk.after(n);
    RecordingDisk::lay_out(files, image);
    if (const std::string wrong = lives_on(n, cut % 20 == 0); !wrong.empty()) {
      ++failed;
      ADD_FAILURE() << "cut " << cut << " after " << n << " operations: " << wrong;
    }
  }
  std::cout << failed << " of " << cuts << " simulated power cuts lost anything (seed 1; " << torn
            << " left another disk than an exit would)\n";
  EXPECT_GT(torn, cuts / 20);
}

TEST_F(StoreFaults, AFullDiskAtAnyWriteIsWaitedForAndCostsNothing) {
  ASSERT_NO_FATAL_FAILURE(live());
  std::int64_t writes = 0, points = 0, failed = 0;
  for (const auto& operation : disk.operations()) writes += operation.kind == RecordingDisk::Kind::write;
  for (std::int64_t n = 0; n < writes; ++n) {
    fs::remove_all(image);
    Life life(image);
    int waited = 0;
    life.retry();
    life.on_full = [&] {
      if (++waited == 3) disk.make_space();
    };
    ASSERT_TRUE(life.start()) << life.last_error().message;
    const std::int64_t before = disk.refused();
    disk.fill_up_after(n);
    const bool ended = life.submit() && life.finish();
    disk.make_space();
    if (disk.refused() == before) break;  // the life was over before
    ++points;
    const std::string wrong = ended ? what_is_wrong(image, Life::kRuns) : life.last_error().message;
    if (wrong.empty()) continue;
    ++failed;
    ADD_FAILURE() << "full at write " << n << ": " << wrong;
  }
  std::cout << failed << " of " << points
            << " points at which the disk was full left anything undone (all points)\n";
  EXPECT_GT(points, 100);
}

// The daemon dies again and again, also while it takes over, and its worker now and then.
TEST_F(StoreFaults, LivesThatEndAtRandomComeToTheSameEnd) {
  disk.stop();
  const int lives = times(200);
  int deaths = 0, failed = 0;
  for (int seed = 1; seed <= lives; ++seed) {
    std::mt19937_64 random{std::uint64_t(seed)};
    fs::remove_all(image);
    Life life(image);
    struct Death {};
    int commits_left = int(random() % 12);
    life.on_commit = [&] {
      if (commits_left-- <= 0) throw Death();
    };
    for (int i = 0;; ++i) {
      try {
        if (!life.start() || !life.submit() || !life.finish()) ADD_FAILURE() << life.last_error().message;
        break;
      } catch (const Death&) {
        ++deaths;
        commits_left = i > 10 ? 1000 : int(random() % 12);
        life.die();
        if (random() % 4 == 0) life.kill_worker();
      }
    }
    if (const std::string wrong = what_is_wrong(image, Life::kRuns); !wrong.empty()) {
      ++failed;
      ADD_FAILURE() << "seed " << seed << ": " << wrong;
    }
  }
  std::cout << failed << " of " << lives << " lives (seeds 1 to " << lives << ", " << deaths
            << " deaths between a commit and what follows it) lost, doubled or stuck anything\n";
  EXPECT_GT(deaths, lives);
}

}  // namespace
}  // namespace sweetspot::faults
