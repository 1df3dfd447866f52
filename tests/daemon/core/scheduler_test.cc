#include "daemon/core/scheduler.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

// Workers 1 and 2, and sweeps of runs whose affinities are given in grid order.
class Scheduler : public testing::Test {
 protected:
  void SetUp() override {
    for (int id : {1, 2}) {
      const std::string device = "cpu:" + std::to_string(id);
      state_.workers[WorkerId{id}] = {.id = WorkerId{id}, .device = device};
      state_.devices[device] = {.name = device, .worker = WorkerId{id}};
    }
  }
  void add(std::int64_t id, int priority, const std::vector<std::string>& affinities) {
    const SweepId sweep{id};
    state_.sweeps[sweep] = {.id = sweep, .priority = priority};
    for (std::size_t i = 0; i < affinities.size(); ++i) {
      const RunId run{id * 10000 + std::int64_t(i)};
      state_.runs[run] = {.id = run, .sweep = sweep, .position = std::int64_t(i), .affinity = affinities[i]};
    }
    reindex(state_, state_.sweeps[sweep]);
    check_invariants(state_);
  }
  std::int64_t pick(std::int64_t worker) {
    const auto run = pick_run(state_, state_.workers.at(WorkerId{worker}));
    return run ? run->value : 0;
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

TEST_F(Scheduler, LooksAFiniteWayAhead) {
  std::vector<std::string> affinities(4999, "a");
  affinities.push_back("b");
  add(1, 0, affinities);
  warm(1, "b");
  EXPECT_EQ(pick(1), 10000);
}

TEST_F(Scheduler, DoesNotSeePausedSweeps) {
  add(1, 5, {"a"});
  add(2, 0, {"a"});
  state_.sweeps[SweepId{1}].paused = true;
  reindex(state_, state_.sweeps[SweepId{1}]);
  EXPECT_EQ(pick(1), 20000);
}

}  // namespace
}  // namespace sweetspot::daemon
