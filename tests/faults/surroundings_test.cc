// The daemon's program on a machine that is short of something, locks its database, or lies about the time.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <random>

#include "tests/faults/spoiled.h"
#include "tests/process/world.h"

namespace sweetspot::faults {
namespace {

using process::DaemonProcess;
using process::World;
constexpr int kCells = 24, kUtterances = 3;
constexpr const char *kQuick = R"({"step_ms": 1, "utterances": 3})",
                     *kSlow = R"({"step_ms": 20, "utterances": 3, "hold": true})";

class Surroundings : public testing::Test {
 protected:
  bool logged(DaemonProcess& daemon, const std::string& text) {
    return World::wait_until([&] { return daemon.log().find(text) != std::string::npos; });
  }
  // Everything done once, by the first attempt at it.
  void expect_all_done(DaemonProcess& daemon, int attempts = 1) {
    ASSERT_TRUE(World::wait_until([&] { return world.succeeded() == kCells; })) << daemon.log();
    EXPECT_EQ(world.count("result"), kCells);
    EXPECT_EQ(world.count("utterance"), kCells * kUtterances);
    EXPECT_LE(world.ask<int>("SELECT max(attempt) FROM run"), attempts) << daemon.log();
    EXPECT_EQ(world.ask<std::string>("PRAGMA integrity_check"), "ok");
  }
  void expect_to_begin_in_an_empty_state(DaemonProcess& daemon) {
    std::filesystem::rename(world.state, directory() / "gone");
    ASSERT_TRUE(logged(daemon, "was deleted while in use"));
    ASSERT_TRUE(World::wait_until([&] { return world.get(daemon, "/api/v1/runs") == 200; })) << daemon.log();
    world.write_script(kQuick);
    ASSERT_EQ(world.submit(daemon), 201) << daemon.log();
    expect_all_done(daemon);
    EXPECT_EQ(world.count("sweep"), 1);
  }
  std::filesystem::path directory() const { return world.state.parent_path(); }

  World world;
};

// The clock jumps under runs that do not end before they are told to, however late this test is.
TEST_F(Surroundings, AWallClockThatJumpsMovesNoLeaseAndNoOrder) {
  auto clock = Spoiled::system(directory(), "CLOCK");
  world.write_script(R"({"step_ms": 20, "steps": 1000000, "utterances": 3})");
  auto daemon = world.start_daemon(0, {}, clock.environment());
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(world.running(2));
  const auto trained = [&] {
    return world.ask<std::int64_t>("SELECT min(step) FROM run WHERE state = 'running'");
  };
  for (const char* seconds : {"86400", "-86400", "-1790000000"}) {
    const std::int64_t spoiled = clock.spoiled(), steps = trained();
    clock.write(seconds);
    // 2 s of training, in which the daemon looks at its leases and stores what was trained.
    ASSERT_TRUE(World::wait_until([&] { return clock.spoiled() > spoiled && trained() > steps + 100; }))
        << daemon->log();
  }
  ASSERT_EQ(world.act(*daemon, "sw_1", "cancel"), 200);
  world.write_script(kQuick);
  ASSERT_EQ(world.submit(*daemon), 201);
  expect_all_done(*daemon);
  EXPECT_GT(world.count("event WHERE at < '1990'"), 0) << "times are what the clock says, order is by number";
  EXPECT_EQ(world.count("attempt WHERE outcome = 'worker_lost'"), 0);
}

TEST_F(Surroundings, ALockedDatabaseIsWaitedForWhileReadingGoesOn) {
  world.write_script(kSlow);
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(world.running(2));
  {
    auto other = daemon::Database::open_for_writing(world.state / "sweetspot.db");
    ASSERT_TRUE(other && other->run("BEGIN EXCLUSIVE"));
    world.write_script(kQuick);
    ASSERT_TRUE(logged(*daemon, "; waiting"));
    EXPECT_EQ(world.submit(*daemon), 503);
    EXPECT_EQ(world.get(*daemon, "/api/v1/runs"), 200);
    ASSERT_TRUE(other->run("ROLLBACK"));
  }
  ASSERT_TRUE(logged(*daemon, "can be written again"));
  expect_all_done(*daemon);
}

// The daemon reads anew what is true, and its workers do not notice.
TEST_F(Surroundings, AFailedSyncMakesTheDaemonBeginAnewAndAnotherOneEndsIt) {
  auto disk = Spoiled::disk(directory(), "sweetspot.db-wal");
  disk.set("FAULTIO_ERROR", "600");
  world.write_script(R"({"step_ms": 20, "utterances": 3})");
  auto daemon = world.start_daemon(0, {}, disk.environment());
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(World::wait_until([&] { return disk.spoiled() == 1; }));
  world.write_script(kQuick);
  expect_all_done(*daemon);
  EXPECT_FALSE(daemon->ended()) << daemon->log();
  EXPECT_EQ(world.ask<int>("SELECT value FROM meta WHERE key = 'epoch'"), 2) << daemon->log();
  daemon->signal(SIGKILL);
  daemon->exit_code();

  auto broken = Spoiled::disk(directory(), "sweetspot.db-wal");
  broken.set("FAULTIO_ERROR", "40"), broken.set("FAULTIO_ALL", "1");
  daemon = world.start_daemon(0, {}, broken.environment());
  world.submit(*daemon);
  EXPECT_NE(daemon->exit_code(), 0);
  EXPECT_NE(daemon->log().find(world.state), std::string::npos) << "it names the place: " << daemon->log();
}

// Whoever submits next finds a daemon that keeps what it is given, and none of its workers is one of before.
TEST_F(Surroundings, AStateThatWasDeletedMakesAnIdleDaemonBeginAnewInAnEmptyOne) {
  world.write_script(kQuick);
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon), 201);
  expect_all_done(*daemon);
  expect_to_begin_in_an_empty_state(*daemon);
}

TEST_F(Surroundings, AStateThatWasDeletedMakesABusyDaemonBeginAnewInAnEmptyOne) {
  world.write_script(kSlow);
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(world.running(2));
  expect_to_begin_in_an_empty_state(*daemon);
}

TEST_F(Surroundings, AFileSystemThatBecameReadOnlyEndsTheDaemonWhichNamesIt) {
  auto disk = Spoiled::disk(directory(), world.state);
  disk.set_up_full();
  disk.set("FAULTIO_ERRNO", std::to_string(EROFS));
  world.write_script(kSlow);
  auto daemon = world.start_daemon(0, {}, disk.environment());
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(world.running(2));
  disk.write("");
  world.write_script(kQuick);
  EXPECT_NE(daemon->exit_code(), 0);
  EXPECT_NE(daemon->log().find(world.state), std::string::npos) << daemon->log();
  EXPECT_GT(disk.spoiled(), 0);
  daemon = world.start_daemon();
  expect_all_done(*daemon);
}

TEST_F(Surroundings, ALogWithoutRoomIsWrittenAgainWhenThereIsSome) {
  auto disk = Spoiled::disk(directory(), "daemon1.log");
  disk.set_up_full();
  disk.write("");
  world.write_script(kQuick);
  auto daemon = world.start_daemon(0, {}, disk.environment());
  ASSERT_TRUE(World::wait_until([&] { return disk.spoiled() > 0; })) << "it says where it serves";
  EXPECT_EQ(daemon->log(), "");
  disk.remove();
  daemon->signal(SIGTERM);
  EXPECT_EQ(daemon->exit_code(), 0);
  EXPECT_NE(daemon->log().find("stopping"), std::string::npos) << daemon->log();
}

TEST_F(Surroundings, WithoutRoomForThreadsAndProcessesWorkWaits) {
  auto room = Spoiled::system(directory(), "THREADS");
  world.write_script(kQuick);
  auto daemon = world.start_daemon(0, {}, room.environment());
  ASSERT_NE(daemon->port(), 0);
  room.write("");
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(World::wait_until([&] { return world.count("device WHERE problem <> ''") > 0; }))
      << daemon->log();
  EXPECT_EQ(world.get(*daemon, "/api/v1/sweeps/sw_1/tables/wer"), 200);
  const std::int64_t refused = room.spoiled();
  EXPECT_GT(refused, 0);
  EXPECT_EQ(world.succeeded(), 0);
  room.remove();
  expect_all_done(*daemon);
  EXPECT_LT(room.spoiled(), 100) << "it does not try in a circle";
}

// Descriptors that are open already go on; what needs one waits, and no worker is blamed.
TEST_F(Surroundings, WithoutDescriptorsResultsWaitAndNothingIsFailed) {
  world.write_script(kSlow);
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(world.running(2));
  const rlimit few{3, 4096};  // all taken, whatever else is closed
  ASSERT_EQ(::prlimit(daemon->pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  world.write_script(kQuick);
  ASSERT_TRUE(logged(*daemon, "; waiting")) << daemon->log();
  const std::int64_t before = world.succeeded();
  const rlimit enough{1024, 4096};
  ASSERT_EQ(::prlimit(daemon->pid(), RLIMIT_NOFILE, &enough, nullptr), 0);
  expect_all_done(*daemon);
  EXPECT_LT(before, kCells);
  EXPECT_EQ(world.get(*daemon, "/api/v1/runs"), 200);
}

TEST_F(Surroundings, AnAllocationThatFailsCostsAtMostTheDaemonsLife) {
  const int failures = 40 * times(1);
  std::mt19937 random(1);
  int fired = 0, ended = 0;
  world.write_script(kQuick);
  std::int64_t sweeps = 0;
  for (int i = 0; i < failures; ++i) {
    auto memory = Spoiled::system(directory(), "MEMORY");
    auto daemon = world.start_daemon(0, {}, memory.environment());
    const int port = daemon->port();
    ASSERT_NE(port, 0) << daemon->log();
    memory.write(std::to_string(1 + random() % 3000));
    const std::string key = "key-" + std::to_string(sweeps);
    sweeps += world.submit(port, key, R"({"axes": {"layers": [8], "language": ["da"]}})") == 201;
    World::wait_until(
        [&] { return memory.spoiled() > 0 || daemon->ended() || world.get(*daemon, "/api/v1/runs") == 0; },
        std::chrono::seconds(5));
    fired += memory.spoiled() > 0, ended += daemon->ended();
  }
  auto daemon = world.start_daemon();
  ASSERT_TRUE(World::wait_until([&] {
    return world.succeeded() == world.count("run") && world.count("sweep") >= sweeps;
  })) << daemon->log();
  EXPECT_EQ(world.count("result"), world.count("run"));
  std::cout << "0 of " << sweeps << " acknowledged sweeps lost, 0 of " << world.count("run")
            << " runs stuck after " << fired << " failed allocations of the daemon, of which it survived "
            << fired - ended << " (seed 1)\n";
  EXPECT_GT(fired, failures / 2);
}

}  // namespace
}  // namespace sweetspot::faults
