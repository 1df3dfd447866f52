// Workers that find their disk spoiled, or leave processes of their own behind.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "tests/faults/spoiled.h"
#include "tests/process/world.h"

namespace sweetspot::faults {
namespace {

namespace fs = std::filesystem;
using process::World;
constexpr const char* kSmall = R"({"axes": {"layers": [8], "language": ["da"]}})";
constexpr int kCells = 2, kUtterances = 3;

// A program that is named as the worker, and becomes the fake one after these lines of a shell.
std::string worker_after(const World& world, const std::string& lines) {
  const fs::path path = world.state.parent_path() / "worker.sh";
  std::ofstream(path) << "#!/bin/sh\n" << lines << "exec " << FAKE_WORKER << " \"$@\"\n";
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

// Lines of a shell under which a program finds this disk.
std::string exports(const Spoiled& disk) {
  std::string lines;
  for (const std::string& variable : disk.environment()) lines += "export '" + variable + "'\n";
  return lines;
}

bool all_done(World& world, int cells = kCells) {
  return World::wait_until([&] { return world.succeeded() == cells; });
}

std::string contents(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What /proc says of a process; empty: there is none.
std::string state_of(pid_t pid) {
  const std::string text = contents("/proc/" + std::to_string(pid) + "/stat");
  return text.empty() ? "" : text.substr(text.rfind(')') + 2, 1);
}
bool is_gone(pid_t pid) { return state_of(pid).empty() || state_of(pid) == "Z"; }

int zombies_of(pid_t parent) {
  int zombies = 0;
  std::ifstream children("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
  for (pid_t child = 0; children >> child;) zombies += state_of(child) == "Z";
  return zombies;
}

TEST(WorkerFaults, WhatADeadWorkerStartedEndsWithItAndNoZombieStays) {
  World world;
  world.write_script(R"({"step_ms": 40, "utterances": 3, "hold": true})");
  const fs::path list = world.state.parent_path() / "pids";
  auto daemon = world.start_daemon(
      0, {"--worker", worker_after(world, "sleep 60 & echo $! >> " + list.string() + "\n")});
  ASSERT_EQ(world.submit(*daemon), 201);
  ASSERT_TRUE(world.running(2));
  std::vector<pid_t> children;
  std::ifstream pids(list);
  for (pid_t pid = 0; pids >> pid;) children.push_back(pid);
  ASSERT_EQ(children.size(), 2u);
  for (const pid_t child : children) EXPECT_FALSE(is_gone(child));
  for (const std::string& pid : world.list("SELECT CAST(pid AS TEXT) FROM worker"))
    ::kill(std::stoi(pid), SIGKILL);
  EXPECT_TRUE(World::wait_until([&] { return is_gone(children[0]) && is_gone(children[1]); }));
  EXPECT_TRUE(World::wait_until([&] { return zombies_of(daemon->pid()) == 0; }));
  world.write_script(R"({"step_ms": 1, "utterances": 3})");
  ASSERT_TRUE(all_done(world, 24)) << daemon->log();
  EXPECT_GE(world.count("attempt WHERE outcome = 'worker_lost'"), 2);
  daemon.reset();
  for (pid_t pid = 0; pids.clear(), pids >> pid;) ::kill(pid, SIGKILL);  // of the workers that followed
}

TEST(WorkerFaults, ALogWithoutRoomForALineHasItLater) {
  World world;
  auto disk = Spoiled::disk(world.state.parent_path(), "log.txt");
  disk.set("FAULTIO_ERROR", "1");  // the first line that it writes
  world.write_script(R"({"utterances": 3})");
  auto daemon = world.start_daemon(0, {"--devices", "cpu:1", "--worker", worker_after(world, exports(disk))});
  ASSERT_EQ(world.submit(*daemon, R"({"axes": {"layers": [8], "language": ["da"], "lora": [false]}})"), 201);
  ASSERT_TRUE(all_done(world, 1)) << daemon->log();
  EXPECT_EQ(disk.spoiled(), 1);
  const std::string text = contents(world.state / "runs/run_1/a1/log.txt");
  for (const char* line : {"8 layers", "epoch 1", "epoch 2"})
    EXPECT_NE(text.find(line), std::string::npos) << line << " is not in:\n" << text;
}

class SpoiledWorkers : public testing::TestWithParam<const char*> {};

// A small sweep whose workers find this call spoiled (0: none); empty: it came out as it should.
std::string sweep_with(const std::string& how, std::int64_t call, std::int64_t& calls, std::int64_t& fired) {
  World world;
  auto disk = Spoiled::disk(world.state.parent_path(), world.state / "runs");
  if (call > 0) disk.set(how, std::to_string(call));
  world.write_script(R"({"epochs": 1, "steps": 2, "utterances": 3})");
  auto daemon = world.start_daemon(0, {"--devices", "cpu:1", "--worker", worker_after(world, exports(disk))});
  if (world.submit(*daemon, kSmall) != 201) return "not taken: " + daemon->log();
  if (!all_done(world)) return "stuck: " + daemon->log();
  calls = disk.calls(), fired += disk.spoiled();
  const bool whole = world.count("result") == kCells && world.count("utterance") == kCells * kUtterances;
  return whole ? "" : "rows are lost or doubled";
}

TEST_P(SpoiledWorkers, HaveTheirRunsTriedAgain) {
  std::int64_t points = 0, ignored = 0, fired = 0, harmed = 0;
  ASSERT_EQ(sweep_with("", 0, points, ignored), "");
  ASSERT_GT(points, 4);
  for (std::int64_t call = 1; call <= points; ++call) {
    const std::string wrong = sweep_with(GetParam(), call, ignored, fired);
    harmed += !wrong.empty();
    EXPECT_EQ(wrong, "") << "call " << call;
  }
  std::cout << harmed << " of " << points << " calls of a sweep's workers (all, " << fired
            << " fired) lost, doubled or stuck anything: " << GetParam() << "\n";
  EXPECT_EQ(fired, points);
}
INSTANTIATE_TEST_SUITE_P(EveryCall, SpoiledWorkers, testing::Values("FAULTIO_EXIT", "FAULTIO_ERROR"),
                         [](const auto& fault) { return std::string(fault.param).substr(8); });

}  // namespace
}  // namespace sweetspot::faults
