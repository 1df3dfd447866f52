// One small sweep, from an empty directory to its last result, with one call of the daemon spoiled: each
// write, sync, truncation, rename, removal and making of a directory in turn, whatever file it concerns.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/faults/spoiled.h"
#include "tests/process/world.h"

namespace sweetspot::faults {
namespace {

using process::World;
constexpr int kCells = 2, kUtterances = 3;
constexpr const char* kScript = R"({"epochs": 1, "steps": 2, "utterances": 3})";
constexpr const char* kSmall = R"({"axes": {"layers": [8], "language": ["da"]}})";

enum class Fault { exit, error, errors };

// The sweep with the call of this number spoiled (0: none), and then without.
class SpoiledSweep {
 public:
  explicit SpoiledSweep(Fault fault = Fault::exit, std::int64_t call = 0)
      : disk_(Spoiled::disk(world_.state.parent_path(), world_.state)) {
    if (call > 0) disk_.set(fault == Fault::exit ? "FAULTIO_EXIT" : "FAULTIO_ERROR", std::to_string(call));
    if (fault == Fault::errors) disk_.set("FAULTIO_ALL", "1");
    world_.write_script(kScript);
    auto daemon = world_.start_daemon(0, {}, disk_.environment());
    if (const int port = daemon->port()) acknowledged_ = world_.submit(port, "only", kSmall) == 201;
    // It ends, or everything is done, or it was only asked in vain.
    World::wait_until([&] { return daemon->ended() || !acknowledged_ || done(); });
    ended_ = daemon->ended();
  }

  // What the next daemon, on a sound disk, does not put right by itself; empty: nothing.
  std::string wrong_afterwards() {
    if (acknowledged_ && world_.count("sweep") != 1) return "the acknowledged sweep is gone";
    auto daemon = world_.start_daemon();
    const int port = daemon->port();
    if (port == 0) return "the next daemon does not start: " + daemon->log();
    if (const int status = world_.submit(port, "only", kSmall); status != 201)
      return "submitted again: " + std::to_string(status);
    if (!World::wait_until([&] { return done(); })) return "stuck: " + daemon->log();
    std::string wrong;
    for (const auto& [what, wanted] :
         {std::pair("sweep", 1), {"result", kCells}, {"utterance", kCells * kUtterances}})
      if (world_.count(what) != wanted) wrong += std::to_string(world_.count(what)) + " of " + what + "; ";
    if (world_.ask<std::string>("PRAGMA integrity_check") != "ok") wrong += "the database is damaged; ";
    return wrong;
  }

  bool done() { return world_.succeeded() == kCells; }
  bool ended() const { return ended_; }
  std::int64_t calls() const { return disk_.calls(); }
  bool fired() const { return disk_.spoiled() > 0; }

 private:
  World world_;
  Spoiled disk_;
  bool acknowledged_ = false, ended_ = false;
};

class EveryCall : public testing::TestWithParam<std::pair<const char*, Fault>> {};

TEST_P(EveryCall, OfADaemonMayGoWrongAndNothingIsLostDoubledOrStuck) {
  const auto& [name, fault] = GetParam();
  SpoiledSweep whole;
  ASSERT_TRUE(whole.done());
  const std::int64_t points = whole.calls();
  ASSERT_GT(points, 100);
  std::int64_t fired = 0, ended = 0, harmed = 0;
  for (int round = 0; round < times(1); ++round) {
    std::atomic<std::int64_t> next = 1;
    std::mutex mutex;  // of the counts
    const auto work = [&, fault = fault] {
      for (std::int64_t call = next++; call <= points; call = next++) {
        SpoiledSweep sweep(fault, call);
        const std::string wrong = sweep.wrong_afterwards();
        const std::lock_guard lock(mutex);
        fired += sweep.fired(), ended += sweep.ended(), harmed += !wrong.empty();
        if (!wrong.empty()) ADD_FAILURE() << "call " << call << ": " << wrong;
      }
    };
    std::vector<std::jthread> side_by_side;  // most of their time is waiting
    for (int i = 0; i < 8; ++i) side_by_side.emplace_back(work);
  }
  std::cout << harmed << " of " << points * times(1) << " calls of a whole sweep (all " << points << ", "
            << times(1) << " times, " << fired << " fired, " << ended
            << " ended the daemon) lost, doubled or stuck anything: " << name << "\n";
  // Fewer calls are made where more progress is grouped, as on a busy machine.
  EXPECT_GE(fired, points * 3 / 4 * times(1));
}

std::string name_of(const testing::TestParamInfo<EveryCall::ParamType>& fault) {
  constexpr const char* kNames[] = {"Exit", "Error", "Errors"};
  return kNames[std::size_t(fault.param.second)];
}
INSTANTIATE_TEST_SUITE_P(Sweep, EveryCall,
                         testing::Values(std::pair("exit in its place", Fault::exit),
                                         std::pair("an error once", Fault::error),
                                         std::pair("errors from there on", Fault::errors)),
                         name_of);

}  // namespace
}  // namespace sweetspot::faults
