// The daemon's program with its disk spoiled under it, and workers that hang, or are told to end.
#include <gtest/gtest.h>
#include <httplib.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>

#include "tests/process/world.h"

namespace sweetspot::faults {
namespace {

using process::World;
constexpr int kCells = 24;

int times(int count) {
  const char* factor = std::getenv("SWEETSPOT_FAULTS");
  return count * (factor ? std::max(1, std::atoi(factor)) : 1);
}

// While it lives, programs are started with faultio.cc loaded, for files of this path. Workers are not: they
// get an environment of their own.
class SpoiledDisk {
 public:
  SpoiledDisk(const std::filesystem::path& directory, const std::string& path)
      : count_file_(directory / "calls"), flag_(directory / "full") {
    std::ofstream(count_file_, std::ios::binary) << std::string(8, '\0');
    set("LD_PRELOAD", FAULTIO), set("FAULTIO_PATH", path), set("FAULTIO_COUNT", count_file_);
    set("FAULTIO_FULL", flag_);
  }
  ~SpoiledDisk() {
    for (const std::string& name : set_) ::unsetenv(name.c_str());
  }
  void set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    set_.push_back(name);
  }
  void full(bool is) {
    if (is) std::ofstream(flag_) << "";
    else std::filesystem::remove(flag_);
  }
  std::int64_t calls() const {
    std::int64_t n = 0;
    std::ifstream(count_file_, std::ios::binary).read(reinterpret_cast<char*>(&n), 8);
    return n;
  }

 private:
  std::filesystem::path count_file_, flag_;
  std::vector<std::string> set_;
};

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
  int get(process::DaemonProcess& daemon, const std::string& path) {
    httplib::Client client("127.0.0.1", daemon.port());
    const auto answer = client.Get(path);
    return answer ? answer->status : 0;
  }
  pid_t busy_worker() { return world->ask<pid_t>("SELECT pid FROM worker WHERE state = 'busy' LIMIT 1"); }
  bool running(int runs) {
    return World::wait_until(
        [&] { return world->count("run WHERE state = 'running' AND step > 2") == runs; });
  }

  std::optional<World> world{std::in_place};
};

TEST_F(ProcessFaults, AnExitInPlaceOfAWriteOrSyncOfTheDaemonLosesNothing) {
  constexpr const char* kScript = R"({"epochs": 1, "steps": 2, "utterances": 3})";
  std::int64_t calls = 0;
  {
    world->write_script(kScript);
    SpoiledDisk disk(world->state.parent_path(), "sweetspot.db");
    auto daemon = world->start_daemon();
    ASSERT_EQ(world->submit(*daemon), 201);
    ASSERT_TRUE(all_done());
    calls = disk.calls();
  }
  ASSERT_GT(calls, 200);
  const std::int64_t points = std::min<std::int64_t>(calls, times(8));
  int fired = 0, failed = 0;
  for (std::int64_t i = 0; i < points; ++i) {
    world.emplace();
    world->write_script(kScript);
    {
      SpoiledDisk disk(world->state.parent_path(), "sweetspot.db");
      disk.set("FAULTIO_EXIT", std::to_string(1 + i * calls / points));
      auto daemon = world->start_daemon();
      if (daemon->port() != 0) world->submit(*daemon);
      World::wait_until([&] { return world->succeeded() == kCells || daemon->ended(); });
      fired += daemon->ended() && daemon->exit_code() == 137;
    }
    auto daemon = world->start_daemon();
    ASSERT_NE(daemon->port(), 0) << daemon->log();
    if (world->count("sweep") == 0) {  // it was never acknowledged
      ASSERT_EQ(world->submit(*daemon), 201);
    }
    all_done();
    if (wrong().empty()) continue;
    ++failed;
    ADD_FAILURE() << "exit in place of call " << 1 + i * calls / points << ": " << wrong() << daemon->log();
  }
  std::cout << failed << " of " << points << " exits (" << fired << " fired) of " << calls
            << " calls lost, doubled or stuck anything\n";
  EXPECT_GE(fired, points - 2) << "the order of calls is not always the same";
}

TEST_F(ProcessFaults, AFullDiskIsWaitedForWhileReadingGoesOn) {
  SpoiledDisk disk(world->state.parent_path(), "sweetspot.db");
  world->write_script(R"({"step_ms": 20, "utterances": 3})");
  auto daemon = world->start_daemon();
  ASSERT_EQ(world->submit(*daemon), 201);
  ASSERT_TRUE(running(2));
  disk.full(true);
  ASSERT_TRUE(
      World::wait_until([&] { return daemon->log().find("waiting for space") != std::string::npos; }));
  EXPECT_EQ(world->submit(*daemon), 507);
  EXPECT_EQ(get(*daemon, "/api/v1/runs"), 200);
  world->write_script(R"({"step_ms": 1, "utterances": 3})");
  disk.full(false);
  EXPECT_TRUE(
      World::wait_until([&] { return daemon->log().find("there is space again") != std::string::npos; }));
  ASSERT_TRUE(all_done()) << daemon->log();
  EXPECT_EQ(wrong(), "");
  EXPECT_EQ(world->ask<int>("SELECT max(attempt) FROM run"), 1) << "its workers went on meanwhile";
}

TEST_F(ProcessFaults, ShortAndInterruptedWritesAreFinished) {
  SpoiledDisk disk(world->state.parent_path(), "sweetspot.db");
  disk.set("FAULTIO_SHORT", "1");
  world->write_script(R"({"epochs": 1, "steps": 2, "utterances": 3})");
  auto daemon = world->start_daemon();
  ASSERT_EQ(world->submit(*daemon), 201) << daemon->log();
  ASSERT_TRUE(all_done()) << daemon->log();
  EXPECT_EQ(wrong(), "");
  EXPECT_GT(disk.calls(), 200);
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

TEST_F(ProcessFaults, AWorkerToldToEndHandsItsRunBackWithoutBlame) {
  for (const int signal : {SIGTERM, SIGUSR1}) {
    world.emplace();
    world->write_script(R"({"step_ms": 40, "utterances": 3})");
    auto daemon = world->start_daemon();
    ASSERT_EQ(world->submit(*daemon), 201);
    ASSERT_TRUE(running(2));
    const pid_t told = busy_worker();
    ::kill(told, signal);
    EXPECT_TRUE(World::wait_until([&] { return ::kill(told, 0) != 0; }));
    world->write_script(R"({"step_ms": 1, "utterances": 3})");
    ASSERT_TRUE(all_done()) << daemon->log();
    EXPECT_EQ(wrong(), "");
    EXPECT_EQ(world->count("attempt WHERE outcome = 'handed_back'"), 1);
    EXPECT_EQ(world->count("run WHERE strikes > 0"), 0);
  }
}

TEST_F(ProcessFaults, FourWorkersGoOnUnderTheNextDaemonAndTrainNothingAgain) {
  world->write_script(R"({"step_ms": 60, "utterances": 3})");
  auto daemon = world->start_daemon(0, {"--devices", "cpu:4"});
  ASSERT_EQ(world->submit(*daemon), 201);
  ASSERT_TRUE(running(4));
  daemon->signal(SIGKILL);
  daemon->exit_code();
  const auto began = std::chrono::steady_clock::now();
  daemon = world->start_daemon(0, {"--devices", "cpu:4"});
  ASSERT_TRUE(World::wait_until([&] {
    return daemon->port() != 0 && world->count("run WHERE state = 'orphaned'") == 0;
  })) << daemon->log();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  world->write_script(R"({"step_ms": 1, "utterances": 3})");
  ASSERT_TRUE(all_done()) << daemon->log();
  EXPECT_EQ(world->ask<int>("SELECT max(attempt) FROM run"), 1) << "no step was trained again";
  EXPECT_EQ(world->count("worker"), 4);
  std::cout << "4 of 4 workers adopted " << took.count() << " s after the daemon was started\n";
}

TEST_F(ProcessFaults, ADaemonStoppedForAWhileBlamesNobody) {
  world->write_script(R"({"step_ms": 40, "utterances": 3})");
  auto daemon = world->start_daemon();
  ASSERT_EQ(world->submit(*daemon), 201);
  ASSERT_TRUE(running(2));
  daemon->signal(SIGSTOP);
  ::sleep(17);  // more than the 15 s after which a silent worker is given up
  daemon->signal(SIGCONT);
  world->write_script(R"({"step_ms": 1, "utterances": 3})");
  ASSERT_TRUE(all_done()) << daemon->log();
  EXPECT_EQ(world->count("attempt WHERE outcome = 'worker_lost'"), 0) << daemon->log();
}

// Random instants; some fall into the recovery from the one before.
TEST_F(ProcessFaults, ADaemonKilledAtRandomLosesAndRepeatsNothing) {
  world->write_script(R"({"step_ms": 6, "utterances": 3})");
  const int kills = times(10);
  std::mt19937 random(1);
  auto daemon = world->start_daemon();
  ASSERT_EQ(world->submit(*daemon), 201);
  int done = 0, sweeps = 1;
  for (; done < kills; ++done) {
    ::usleep(useconds_t(random() % 500'000));
    daemon->signal(SIGKILL);
    daemon->exit_code();
    daemon = world->start_daemon();
    if (random() % 4 == 0) continue;  // killed again while it starts
    ASSERT_NE(daemon->port(), 0) << daemon->log();
    if (world->succeeded() == kCells * sweeps && world->submit(*daemon) == 201) ++sweeps;
  }
  const bool ended = World::wait_until([&] { return world->succeeded() == kCells * sweeps; });
  std::cout << kCells * sweeps - world->succeeded() << " of " << kCells * sweeps << " runs lost or stuck, "
            << world->count("result") - world->succeeded() << " doubled, after " << done
            << " kills of the daemon at random instants (seed 1)\n";
  EXPECT_TRUE(ended) << daemon->log();
  EXPECT_EQ(world->count("result"), kCells * sweeps);
  EXPECT_EQ(world->count("utterance"), kCells * sweeps * 3);
  // A daemon that dies between a grant's commit and its sending costs a number, and no work.
  for (const std::string work : {"epoch", "metric"})
    EXPECT_EQ(world->count("(SELECT run FROM " + work + " GROUP BY run HAVING count(DISTINCT fence) > 1)"), 0)
        << "no worker died, so nothing was trained twice";
  EXPECT_EQ(world->count("attempt WHERE outcome NOT IN ('succeeded', 'worker_lost_it')"), 0);
  EXPECT_EQ(world->ask<std::string>("PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace sweetspot::faults
