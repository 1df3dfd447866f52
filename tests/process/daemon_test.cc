// The daemon as people run it, killed and restarted as machines do it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/process/world.h"

namespace sweetspot::process {
namespace {

constexpr int kCells = 24;
constexpr int kPack = 4;  // that a worker gets at a time: nothing is known of these models' memory

class DaemonTest : public ::testing::Test {
 protected:
  bool all_done() {
    return World::wait_until([this] { return world.succeeded() == kCells; });
  }
  // No run has two results, and each has all its utterances.
  void expect_each_done_once(int utterances = 30) {
    EXPECT_EQ(world.succeeded(), kCells);
    EXPECT_EQ(world.count("result"), kCells);
    EXPECT_EQ(world.count("utterance"), kCells * utterances);
    EXPECT_EQ(world.ask<std::string>("PRAGMA integrity_check"), "ok");
  }
  pid_t worker_pid() { return world.ask<pid_t>("SELECT pid FROM worker WHERE state = 'busy' LIMIT 1"); }

  World world;
};

TEST_F(DaemonTest, SweepEndsWithEveryCellDoneOnce) {
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon), 201) << daemon->log();
  ASSERT_TRUE(all_done()) << daemon->log();
  expect_each_done_once();
  EXPECT_EQ(world.ask<int>("SELECT max(attempt) FROM run"), 1);
  EXPECT_EQ(world.count("epoch"), kCells * 2);
  EXPECT_GT(world.ask<double>("SELECT avg(wer) FROM run WHERE layers = 2"),
            world.ask<double>("SELECT avg(wer) FROM run WHERE layers = 8"));
}

TEST_F(DaemonTest, KilledWorkersRunIsTriedAgainAndDoneOnce) {
  world.write_script(R"({"step_ms": 20})");
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(World::wait_until([&] { return world.count("run WHERE state = 'running' AND step > 2") > 0; }));
  ::kill(worker_pid(), SIGKILL);
  world.write_script(R"({"step_ms": 1})");
  ASSERT_TRUE(all_done()) << daemon->log();
  expect_each_done_once();
  const int lost = world.count("attempt WHERE outcome = 'worker_lost'");
  EXPECT_GE(lost, 1) << "what was killed had begun";
  EXPECT_LE(lost, kPack);
  EXPECT_EQ(world.count("run WHERE attempt = 2"), lost);
}

TEST_F(DaemonTest, KilledDaemonFindsItsWorkersAgainAndTrainsNothingTwice) {
  world.write_script(R"({"step_ms": 40})");
  auto first = world.start_daemon();
  ASSERT_EQ(world.submit(*first), 201);
  ASSERT_TRUE(
      World::wait_until([&] { return world.count("run WHERE state = 'running' AND step > 2") > kPack; }));
  first->signal(SIGKILL);
  first->exit_code();
  world.write_script(R"({"step_ms": 1})");
  auto second = world.start_daemon();
  ASSERT_NE(second->port(), 0) << second->log();
  ASSERT_TRUE(all_done()) << second->log();
  expect_each_done_once();
  EXPECT_EQ(world.ask<int>("SELECT max(attempt) FROM run"), 1) << "the two that were going on were adopted";
  EXPECT_EQ(world.count("worker"), 2) << "and so were their workers";
}

TEST_F(DaemonTest, DaemonKilledAgainAndAgainLosesAndRepeatsNothing) {
  world.write_script(R"({"step_ms": 3})");
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon), 201);
  for (int i = 0; i < 8; ++i) {
    ::usleep(useconds_t(40'000 + 37'000 * i));
    daemon->signal(SIGKILL);
    daemon->exit_code();
    daemon = world.start_daemon();
    ASSERT_NE(daemon->port(), 0) << daemon->log();
  }
  ASSERT_TRUE(all_done()) << daemon->log();
  expect_each_done_once();
}

TEST_F(DaemonTest, RunsFailByTheClassOfTheirError) {
  world.write_script(R"({"faults": [
      {"layers": 8, "language": "da", "lora": false, "do": "bad_input"},
      {"layers": 8, "language": "nl", "lora": false, "do": "crash"},
      {"layers": 8, "language": "en", "lora": false, "do": "out_of_memory", "attempts": 1},
      {"layers": 6, "language": "da", "lora": false, "do": "lie_counts"},
      {"layers": 6, "language": "nl", "lora": false, "do": "lie_hash", "attempts": 1},
      {"layers": 6, "language": "en", "lora": false, "do": "silent"},
      {"layers": 4, "language": "da", "lora": false, "do": "exit", "attempts": 1}]})");
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(World::wait_until([&] {
    return world.count("run WHERE state IN ('succeeded', 'failed', 'quarantined')") == kCells;
  })) << daemon->log();
  auto outcome = [&](int layers, const std::string& language) {
    return world.ask<std::string>(
        "SELECT state || ' after ' || attempt FROM run WHERE lora = 0 AND layers = " +
        std::to_string(layers) + " AND language = '" + language + "'");
  };
  EXPECT_EQ(outcome(8, "da"), "failed after 1");
  EXPECT_EQ(outcome(8, "nl"), "quarantined after 5");
  EXPECT_EQ(outcome(8, "en"), "succeeded after 2");
  EXPECT_EQ(outcome(6, "da"), "failed after 2");
  EXPECT_EQ(outcome(6, "nl"), "succeeded after 2");
  EXPECT_EQ(outcome(6, "en"), "failed after 1");
  EXPECT_EQ(outcome(4, "da"), "succeeded after 2");
  EXPECT_EQ(world.succeeded(), kCells - 4);
  EXPECT_EQ(world.count("result"), kCells - 4);
}

TEST_F(DaemonTest, CancelledSweepLeavesItsWorkersAliveForTheNext) {
  world.write_script(R"({"step_ms": 40})");
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(
      World::wait_until([&] { return world.count("run WHERE state = 'running' AND step > 2") > kPack; }));
  EXPECT_EQ(world.act(*daemon, "sw_1", "cancel"), 200);
  EXPECT_EQ(world.count("run WHERE state = 'cancelled'"), kCells);
  world.write_script(R"({"step_ms": 1})");
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(all_done()) << daemon->log();
  expect_each_done_once();
  EXPECT_EQ(world.count("worker"), 2);
  EXPECT_EQ(world.count("run WHERE sweep = 2 AND attempt = 1"), kCells);
}

// Its run is given away only once it is dead: what a stopped process does when it wakes is too late.
TEST_F(DaemonTest, ALargeSweepIsPausedAndResumedInPortions) {
  nlohmann::json seeds = nlohmann::json::array();
  for (int seed = 0; seed < 100; ++seed) seeds.push_back(seed);
  const int waiting = kCells * int(seeds.size()) - 2 * kPack;
  world.write_script(R"({"step_ms": 5000})");
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon, nlohmann::json{{"axes", {{"seed", seeds}}}}.dump()), 201) << daemon->log();
  ASSERT_TRUE(World::wait_until([&] { return world.count("run WHERE state = 'running'") == 2 * kPack; }));
  for (const auto& [action, state] : {std::pair("pause", "paused"), std::pair("resume", "queued")}) {
    ASSERT_EQ(world.act(*daemon, "sw_1", action), 200) << daemon->log();
    EXPECT_EQ(
        world.count(fmt::format("run WHERE state = '{0}' AND '{0}' = (SELECT data ->> '$.state' FROM event "
                                "WHERE event.run = run.id AND type = 'run' ORDER BY seq DESC LIMIT 1)",
                                state)),
        waiting)
        << action << ": each with its event, none of those that workers have";
  }
}

TEST_F(DaemonTest, StoppedWorkerIsKilledAndItsRunTriedAgain) {
  world.write_script(R"({"step_ms": 40})");
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(
      World::wait_until([&] { return world.count("run WHERE state = 'running' AND step > 2") > kPack; }));
  const pid_t stopped = worker_pid();
  ::kill(stopped, SIGSTOP);
  world.write_script(R"({"step_ms": 1})");
  ASSERT_TRUE(all_done()) << daemon->log();
  EXPECT_NE(::kill(stopped, 0), 0) << "it is gone";
  expect_each_done_once();
  EXPECT_EQ(world.count("attempt WHERE outcome = 'worker_lost'"), kPack);
}

TEST_F(DaemonTest, SecondDaemonOnTheSameStateIsRefused) {
  auto first = world.start_daemon();
  ASSERT_NE(first->port(), 0);
  auto second = world.start_daemon();
  EXPECT_NE(second->exit_code(), 0);
  EXPECT_NE(second->log().find("pid " + std::to_string(first->pid())), std::string::npos) << second->log();
  EXPECT_EQ(world.submit(*first), 201) << "the first one is unharmed";
  EXPECT_TRUE(World::wait_until([&] { return world.count("worker WHERE pid > 0") == 2; }));
}

TEST_F(DaemonTest, PortInUseIsExplained) {
  World other;
  auto first = world.start_daemon();
  auto second = other.start_daemon(first->port());
  EXPECT_NE(second->exit_code(), 0);
  EXPECT_NE(second->log().find(std::to_string(first->port())), std::string::npos) << second->log();
}

TEST_F(DaemonTest, TermEndsAnIdleDaemonAndItsWorkers) {
  auto daemon = world.start_daemon();
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(all_done());
  daemon->signal(SIGTERM);
  EXPECT_EQ(daemon->exit_code(), 0) << daemon->log();
  const auto pid = world.ask<pid_t>("SELECT pid FROM worker ORDER BY id DESC LIMIT 1");
  EXPECT_TRUE(World::wait_until([&] { return ::kill(pid, 0) != 0; }, std::chrono::seconds(10)));
}

TEST_F(DaemonTest, TermLeavesBusyWorkersToTheNextDaemon) {
  world.write_script(R"({"step_ms": 40})");
  auto first = world.start_daemon();
  ASSERT_EQ(world.submit(*first), 201);
  ASSERT_TRUE(
      World::wait_until([&] { return world.count("run WHERE state = 'running' AND step > 0") >= 2; }));
  first->signal(SIGTERM);
  EXPECT_EQ(first->exit_code(), 0) << first->log();
  world.write_script(R"({"step_ms": 1})");
  auto second = world.start_daemon();
  ASSERT_TRUE(all_done()) << second->log();
  expect_each_done_once();
  EXPECT_EQ(world.ask<int>("SELECT max(attempt) FROM run"), 1);
}

}  // namespace
}  // namespace sweetspot::process
