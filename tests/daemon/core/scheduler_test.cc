#include "daemon/core/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sweetspot::daemon {
namespace {

using Runs = std::vector<std::int64_t>;

// Cells that can be trained together, each with so many epochs and bytes of its own.
std::vector<Workload> alike(std::size_t count, int epochs = 5, std::int64_t own = 1) {
  return {count, {.affinity = "a", .pack = "p", .epochs = epochs, .gpu = {100, own}}};
}

// Workers 1 and 2, and sweeps of runs whose affinities are given in grid order.
class Scheduler : public testing::Test {
 protected:
  void SetUp() override {
    for (int id : {1, 2}) {
      const std::string device = "cuda:" + std::to_string(id);
      state_.workers[WorkerId{id}] = {.id = WorkerId{id}, .device = device};
      state_.devices[device] = {.name = device, .memory = 1'000'000, .worker = WorkerId{id}};
    }
  }
  void add(std::int64_t id, int priority, const std::vector<std::string>& affinities) {
    std::vector<Workload> workloads;
    for (const std::string& affinity : affinities) workloads.push_back({.affinity = affinity});
    add_cells(id, priority, workloads);
  }
  void add_cells(std::int64_t id, int priority, const std::vector<Workload>& workloads) {
    const SweepId sweep{id};
    state_.sweeps[sweep] = {.id = sweep, .priority = priority};
    for (const Workload& workload : workloads) {
      const auto position = std::int64_t(&workload - workloads.data());
      const RunId run{id * 10000 + position};
      state_.runs[run] = {.id = run,
                          .sweep = sweep,
                          .position = position,
                          .workload = std::make_shared<const Workload>(workload)};
    }
    reindex(state_, state_.sweeps[sweep]);
    check_invariants(state_);
  }
  std::int64_t pick(std::int64_t worker) {
    const auto runs = pack(worker, 1);
    return runs.empty() ? 0 : runs.at(0);
  }
  Runs pack(std::int64_t worker, std::size_t most = 16) {
    Runs runs;
    for (RunId run : pick_pack(state_, state_.workers.at(WorkerId{worker}), most)) runs.push_back(run.value);
    return runs;
  }
  // And it has them: they are queued no more.
  Runs take(std::int64_t worker, std::size_t most = 16) {
    const Runs runs = pack(worker, most);
    for (std::int64_t run : runs) lease(RunId{run}, WorkerId{worker});
    return runs;
  }
  void lease(RunId run, WorkerId worker) {
    set_status(state_, state_.runs.at(run), Leased{worker});
    state_.workers.at(worker).runs.emplace(run, Fence{});
  }
  void drain(std::int64_t worker) { state_.devices.at("cuda:" + std::to_string(worker)).drained = true; }
  void memory(std::optional<std::int64_t> bytes) {
    for (auto& [name, device] : state_.devices) device.memory = bytes;
  }
  void warm(std::int64_t worker, const std::string& affinity) {
    state_.workers.at(WorkerId{worker}).warm = affinity;
  }

  State state_;
};

TEST_F(Scheduler, HasNothingToGiveFromAnEmptyQueue) { EXPECT_EQ(pick(1), 0); }

TEST_F(Scheduler, GivesInGridOrder) {
  add(1, 0, {"a", "b"});
  EXPECT_EQ(pick(1), 10000);
}

TEST_F(Scheduler, PutsPriorityBeforeAgeAndAgeBeforePosition) {
  add(2, 0, {"a"});
  add(1, 0, {"a", "a"});
  EXPECT_EQ(pick(1), 10000);
  add(3, 1, {"a"});
  EXPECT_EQ(pick(1), 30000);
  add(4, -1, {"a"});
  EXPECT_EQ(pick(1), 30000);
}

TEST_F(Scheduler, PrefersWhatTheWorkerHasWarm) {
  add(1, 0, {"a", "b", "c"});
  warm(1, "c");
  EXPECT_EQ(pick(1), 10002);
  EXPECT_EQ(pick(2), 10000);
}

TEST_F(Scheduler, LeavesToAnotherWhatItHasWarm) {
  add(1, 0, {"a", "b", "c"});
  warm(1, "z"), warm(2, "a");
  EXPECT_EQ(pick(1), 10001);
}

TEST_F(Scheduler, TakesWhatAnotherHasWarmRatherThanNothing) {
  add(1, 0, {"a", "a"});
  warm(2, "a");
  EXPECT_EQ(pick(1), 10000);
}

TEST_F(Scheduler, NeverLooksPastTheFirstSweepForWarmth) {
  add(1, 0, {"a"});
  add(2, 0, {"b"});
  warm(1, "b"), warm(2, "a");
  EXPECT_EQ(pick(1), 10000);
}

TEST_F(Scheduler, FindsWhatIsWarmHoweverFarBackItStands) {
  std::vector<std::string> affinities(4999, "a");
  affinities.push_back("b");
  add(1, 0, affinities);
  warm(1, "b");
  EXPECT_EQ(pick(1), 14999);
}

TEST_F(Scheduler, DoesNotSeePausedSweeps) {
  add(1, 5, {"a"});
  add(2, 0, {"a"});
  state_.sweeps[SweepId{1}].paused = true;
  reindex(state_, state_.sweeps[SweepId{1}]);
  EXPECT_EQ(pick(1), 20000);
}

TEST_F(Scheduler, GivesEachDeviceItsShareOfTwelve) {
  add_cells(1, 0, alike(12));
  EXPECT_EQ(take(1), (Runs{10000, 10001, 10002, 10003, 10004, 10005}));
  EXPECT_EQ(take(2), (Runs{10006, 10007, 10008, 10009, 10010, 10011}));
}

TEST_F(Scheduler, SharesAWholeSweepAndNotOnlyWhatIsAlike) {
  auto cells = alike(3);
  for (Workload& other : cells) other.pack = "q";
  std::ranges::copy(alike(3), std::back_inserter(cells));
  add_cells(1, 0, cells);
  EXPECT_EQ(take(1), (Runs{10000, 10001, 10002})) << "of the six that there are, and all of its kind";
  EXPECT_EQ(take(2), (Runs{10003, 10004, 10005}));
}

TEST_F(Scheduler, GivesOneDeviceAllThatItMayHave) {
  add_cells(1, 0, alike(12));
  drain(2);
  EXPECT_EQ(pack(1).size(), 12u);
  EXPECT_EQ(pack(1, 5).size(), 5u);
  EXPECT_EQ(pack(1, 1).size(), 1u);
}

TEST_F(Scheduler, DoesNotWaitForADeviceWhoseWorkersDoNotStart) {
  add_cells(1, 0, alike(12));
  state_.devices.at("cuda:2").failed_launches = 1;
  EXPECT_EQ(pack(1).size(), 12u);
}

TEST_F(Scheduler, CountsADeviceThatWillSoonBeFree) {
  add_cells(1, 0, alike(13, 10));
  ASSERT_EQ(take(2, 1), (Runs{10000}));
  EXPECT_EQ(pack(1).size(), 12u) << "ten epochs to go there";
  state_.runs.at(RunId{10000}).epochs = 5;
  EXPECT_EQ(pack(1).size(), 6u) << "five to go there, ten here";
}

TEST_F(Scheduler, NeverGoesBelowTheFirstSweepToFillAPack) {
  drain(2);
  add_cells(1, 0, alike(2));
  add_cells(2, 0, alike(4));
  add_cells(3, -1, alike(4));
  EXPECT_EQ(take(1), (Runs{10000, 10001}));
  EXPECT_EQ(take(1), (Runs{20000, 20001, 20002, 20003}));
}

TEST_F(Scheduler, PacksNoMoreThanTheMemoryHolds) {
  drain(2);
  add_cells(1, 0, alike(12, 5, 50));
  memory(500);  // a tenth stays free: 450 = 100 + 7 * 50
  EXPECT_EQ(pack(1).size(), 7u);
  memory(1);
  EXPECT_EQ(pack(1).size(), 1u) << "it is tried all the same";
}

TEST_F(Scheduler, PacksAFewWhereNothingIsKnownOfTheMemory) {
  drain(2);
  add_cells(1, 0, alike(12, 5, 50));
  memory({});
  EXPECT_EQ(pack(1).size(), 4u);
  memory(1'000'000);
  add_cells(2, 1, alike(12, 5, 0));
  EXPECT_EQ(pack(1).size(), 4u);
}

TEST_F(Scheduler, PutsTogetherWhatTakesAsLong) {
  drain(2);
  auto cells = alike(6, 10);
  cells[1].epochs = cells[3].epochs = 2;
  add_cells(1, 0, cells);
  EXPECT_EQ(pack(1, 4), (Runs{10000, 10002, 10004, 10005}));
  state_.runs.at(RunId{10000}).epochs = 8;  // it goes on from there
  EXPECT_EQ(pack(1, 3), (Runs{10000, 10001, 10003}));
}

TEST_F(Scheduler, LeavesAloneWhatHasFailedBefore) {
  drain(2);
  add_cells(1, 0, alike(4));
  for (const std::int64_t struck : {10000, 10002}) state_.runs.at(RunId{struck}).strikes.out_of_memory = 1;
  reindex(state_, state_.sweeps[SweepId{1}]);
  EXPECT_EQ(take(1), (Runs{10000}));
  EXPECT_EQ(take(1), (Runs{10001, 10003}));
  EXPECT_EQ(take(1), (Runs{10002}));
}

TEST_F(Scheduler, PacksFourAtMostOnACpu) {
  state_.workers[WorkerId{3}] = {.id = WorkerId{3}, .device = "cpu:0"};
  state_.devices["cpu:0"] = {.name = "cpu:0", .memory = 1'000'000, .worker = WorkerId{3}};
  drain(1), drain(2);
  add_cells(1, 0, alike(12));
  EXPECT_EQ(pack(3).size(), 4u);
  EXPECT_EQ(pack(3, 2).size(), 2u);
}

}  // namespace
}  // namespace sweetspot::daemon
