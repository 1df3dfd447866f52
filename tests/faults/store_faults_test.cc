// Whatever the disk does under the real store, reactor and scheduler: nothing acknowledged is lost, nothing
// is doubled, and everything comes to its end without a person.
#include <gtest/gtest.h>

#include <iostream>
#include <optional>
#include <vector>

#include "tests/chances.h"
#include "tests/daemon/temporary_directory.h"
#include "tests/faults/life.h"
#include "tests/faults/recording_disk.h"

namespace sweetspot::faults {
namespace {

namespace fs = std::filesystem;

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
    ASSERT_GT(life.largest_pack(), 1u);
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

  // Until it is asked for the third time; then there is room for everything (size 0), or for `size` writes, and
  // for twice as many each time it is full again. What is wrong in the end; nullopt: it was never full.
  std::optional<std::string> fills_up_after(std::int64_t writes, int size) {
    fs::remove_all(image);
    Life life(image);
    std::int64_t room = size;
    int waited = 0;
    life.retry();
    life.on_full = [&] {
      if (++waited % 3 != 0) return;
      if (size == 0) return disk.make_space();
      disk.fill_up_after(room);
      room *= 2;
    };
    if (!life.start()) return life.last_error().message;
    const std::int64_t before = disk.refused();
    disk.fill_up_after(writes);
    const bool ended = life.submit() && life.finish();
    disk.make_space();
    if (disk.refused() == before) return std::nullopt;
    return ended ? what_is_wrong(image, Life::kRuns) : life.last_error().message;
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
  const int sizes = times(1);
  for (int size = 0; size < sizes; ++size) {
    for (std::int64_t n = 0; n < writes; ++n) {
      const auto wrong = fills_up_after(n, size);
      if (!wrong) break;  // the life was over before
      ++points;
      failed += !wrong->empty();
      EXPECT_EQ(*wrong, "") << "full at write " << n << ", room of size " << size;
    }
  }
  std::cout << failed << " of " << points << " points at which the disk was full left anything undone (all "
            << points / sizes << " writes, " << sizes << " sizes of the room that came back)\n";
  EXPECT_GT(points, 100 * sizes);
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
