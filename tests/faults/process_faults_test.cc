// The daemon's program with its disk spoiled under it, and workers that hang, or are told to end.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <optional>

#include "tests/faults/spoiled.h"
#include "tests/process/world.h"

namespace sweetspot::faults {
namespace {

using process::World;
constexpr int kCells = 24;
// Runs that end only once the script says so; and the one that says it.
constexpr const char *kHeld = R"({"step_ms": 40, "utterances": 3, "hold": true})",
                     *kQuick = R"({"step_ms": 1, "utterances": 3})";

class ProcessFaults : public testing::Test {
 protected:
  bool all_done() {
    return World::wait_until([this] { return world->succeeded() == kCells; });
  }
  std::string wrong() {
    std::string wrong;
    if (world->succeeded() != kCells) wrong += std::to_string(world->succeeded()) + " succeeded; ";
    if (world->count("result") != kCells || world->count("utterance") != kCells * 3) wrong += "rows; ";
    if (world->ask<std::string>("PRAGMA integrity_check") != "ok") wrong += "damaged; ";
    return wrong;
  }
  pid_t busy_worker() { return world->ask<pid_t>("SELECT pid FROM worker WHERE state = 'busy' LIMIT 1"); }

  std::optional<World> world{std::in_place};
};

TEST_F(ProcessFaults, AFullDiskIsWaitedForWhileReadingGoesOn) {
  auto disk = Spoiled::disk(world->state.parent_path(), "sweetspot.db");
  world->write_script(R"({"step_ms": 20, "utterances": 3})");
  disk.set_up_full();
  auto daemon = world->start_daemon(0, {}, disk.environment());
  ASSERT_EQ(world->submit(*daemon), 201);
  ASSERT_TRUE(world->running(2));
  disk.write("");
  ASSERT_TRUE(World::wait_until([&] { return daemon->log().find("; waiting") != std::string::npos; }));
  EXPECT_EQ(world->submit(*daemon), 507);
  EXPECT_EQ(world->get(*daemon, "/api/v1/runs"), 200);
  world->write_script(kQuick);
  disk.remove();
  EXPECT_TRUE(
      World::wait_until([&] { return daemon->log().find("can be written again") != std::string::npos; }));
  ASSERT_TRUE(all_done()) << daemon->log();
  EXPECT_EQ(wrong(), "");
  EXPECT_GT(disk.spoiled(), 0);
  EXPECT_EQ(world->ask<int>("SELECT max(attempt) FROM run"), 1) << "its workers went on meanwhile";
}

TEST_F(ProcessFaults, ShortAndInterruptedWritesAreFinished) {
  auto disk = Spoiled::disk(world->state.parent_path(), "sweetspot.db");
  disk.set("FAULTIO_SHORT", "1");
  world->write_script(R"({"epochs": 1, "steps": 2, "utterances": 3})");
  auto daemon = world->start_daemon(0, {}, disk.environment());
  ASSERT_EQ(world->submit(*daemon), 201) << daemon->log();
  ASSERT_TRUE(all_done()) << daemon->log();
  EXPECT_EQ(wrong(), "");
  EXPECT_GT(disk.spoiled(), 100);
}

TEST_F(ProcessFaults, AWorkerThatHangsButBeatsIsEndedAndItsRunTriedAgain) {
  world->write_script(
      R"({"utterances": 3, "faults": [{"layers": 8, "language": "da", "lora": false, "attempts": 1,
                                                       "do": "hang"}]})");
  auto daemon = world->start_daemon(0, {"--stall-minutes", "0.1"});
  ASSERT_EQ(world->submit(*daemon), 201);
  ASSERT_TRUE(all_done()) << daemon->log();
  EXPECT_EQ(wrong(), "");
  EXPECT_GE(world->count("attempt WHERE outcome = 'worker_stalled'"), 1);
}

// Memory is asked for again in the same process; a device that failed is left to another one.
TEST_F(ProcessFaults, AWorkerWithoutMemoryOrDeviceHasItsRunTriedAgain) {
  world->write_script(R"({"utterances": 3, "faults": [
      {"layers": 8, "language": "da", "lora": false, "attempts": 1, "do": "no_memory"},
      {"layers": 6, "language": "nl", "lora": true, "attempts": 1, "do": "device_lost"}]})");
  auto daemon = world->start_daemon();
  ASSERT_EQ(world->submit(*daemon), 201);
  ASSERT_TRUE(all_done()) << daemon->log();
  EXPECT_EQ(wrong(), "");
  EXPECT_GE(world->count("attempt WHERE outcome = 'out_of_memory'"), 1) << "and its pack";
  EXPECT_GE(world->count("attempt WHERE outcome = 'worker_lost' AND reason LIKE '%exited with code 71'"), 1);
  EXPECT_EQ(world->count("worker WHERE state = 'gone'"), 1);
}

TEST_F(ProcessFaults, AWorkerToldToEndHandsItsRunBackWithoutBlame) {
  for (const int signal : {SIGTERM, SIGUSR1}) {
    world.emplace();
    world->write_script(kHeld);
    auto daemon = world->start_daemon();
    ASSERT_EQ(world->submit(*daemon), 201);
    ASSERT_TRUE(world->running(2));
    const pid_t told = busy_worker();
    ::kill(told, signal);
    EXPECT_TRUE(World::wait_until([&] { return ::kill(told, 0) != 0; }));
    world->write_script(kQuick);
    ASSERT_TRUE(all_done()) << daemon->log();
    EXPECT_EQ(wrong(), "");
    EXPECT_GE(world->count("attempt WHERE outcome = 'handed_back'"), 1) << "its pack";
    EXPECT_EQ(world->count("run WHERE strikes > 0"), 0);
  }
}

// Both signals are there when it looks, and more come while it ends.
TEST_F(ProcessFaults, HoweverOftenItIsToldToEndItsWorkersGoOn) {
  for (const int impatient : {SIGINT, SIGTERM}) {
    world.emplace();
    world->write_script(kHeld);
    auto daemon = world->start_daemon();
    ASSERT_EQ(world->submit(*daemon), 201);
    ASSERT_TRUE(world->running(2));
    for (const int signal : {SIGSTOP, SIGINT, SIGTERM, SIGCONT}) daemon->signal(signal);
    ASSERT_TRUE(World::wait_until([&] { return daemon->signal(impatient), daemon->ended(); }));
    EXPECT_NE(daemon->log().find("go on by themselves"), std::string::npos) << daemon->log();
    EXPECT_TRUE(daemon->exit_code() == 0 || daemon->exit_code() == 128 + impatient) << daemon->exit_code();
    world->write_script(kQuick);
    daemon = world->start_daemon();
    ASSERT_TRUE(all_done()) << daemon->log();
    EXPECT_EQ(wrong(), "");
    EXPECT_EQ(world->ask<int>("SELECT max(attempt) FROM run"), 1) << daemon->log();
    EXPECT_EQ(world->count("worker"), 2) << "they were adopted";
  }
}

TEST_F(ProcessFaults, FourWorkersGoOnUnderTheNextDaemonAndTrainNothingAgain) {
  world->write_script(R"({"step_ms": 60, "utterances": 3, "hold": true})");
  auto daemon = world->start_daemon(0, {"--devices", "cpu:4"});
  ASSERT_EQ(world->submit(*daemon), 201);
  ASSERT_TRUE(world->running(4));
  daemon->signal(SIGKILL);
  daemon->exit_code();
  const auto began = std::chrono::steady_clock::now();
  daemon = world->start_daemon(0, {"--devices", "cpu:4"});
  ASSERT_TRUE(World::wait_until([&] {
    return daemon->port() != 0 && world->count("run WHERE state = 'orphaned'") == 0;
  })) << daemon->log();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  world->write_script(kQuick);
  ASSERT_TRUE(all_done()) << daemon->log();
  EXPECT_EQ(world->ask<int>("SELECT max(attempt) FROM run"), 1) << "no step was trained again";
  EXPECT_EQ(world->count("worker"), 4);
  std::cout << "4 of 4 workers adopted " << took.count() << " s after the daemon was started\n";
}

TEST_F(ProcessFaults, ADaemonStoppedForAWhileBlamesNobody) {
  world->write_script(kHeld);
  auto daemon = world->start_daemon();
  ASSERT_EQ(world->submit(*daemon), 201);
  ASSERT_TRUE(world->running(2));
  daemon->signal(SIGSTOP);
  ::sleep(17);  // more than the 15 s after which a silent worker is given up
  daemon->signal(SIGCONT);
  world->write_script(kQuick);
  ASSERT_TRUE(all_done()) << daemon->log();
  EXPECT_EQ(world->count("attempt WHERE outcome = 'worker_lost'"), 0) << daemon->log();
}

}  // namespace
}  // namespace sweetspot::faults
