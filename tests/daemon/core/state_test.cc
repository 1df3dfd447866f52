#include "daemon/core/state.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/daemon/core/harness.h"

namespace sweetspot::daemon {
namespace {

template <std::size_t... I>
std::vector<RunStatus> each_status(std::index_sequence<I...>) {
  return {RunStatus(std::in_place_index<I>)...};
}

TEST(State, HasTheStatusesInTheOrderOfTheStates) {
  const auto statuses = each_status(std::make_index_sequence<std::variant_size_v<RunStatus>>());
  ASSERT_EQ(statuses.size(), kRunStates.size());
  EXPECT_EQ(state_of(Queued{}), RunState::queued);
  EXPECT_EQ(state_of(Orphaned{}), RunState::orphaned);
  EXPECT_EQ(state_of(FailedRun{}), RunState::failed);
  EXPECT_EQ(state_of(Cancelled{}), RunState::cancelled);
  for (const RunStatus& status : statuses)
    EXPECT_EQ(holder_of(status).has_value(), is_active(state_of(status))) << to_string(state_of(status));
}

TEST(State, RefusesWhatTheTableDoesNotList) {
  const auto statuses = each_status(std::make_index_sequence<std::variant_size_v<RunStatus>>());
  for (const RunStatus& from : statuses) {
    for (const RunStatus& to : statuses) {
      State state;
      state.sweeps[SweepId{1}] = {.id = SweepId{1}};
      auto& run = state.runs[RunId{1}] = {.id = RunId{1}, .sweep = SweepId{1}, .status = from};
      if (may_become(state_of(from), state_of(to))) EXPECT_NO_THROW(set_status(state, run, to));
      else EXPECT_THROW(set_status(state, run, to), std::logic_error);
    }
  }
}

// A checker that finds nothing would make every other test of the reactor worth less.
TEST(State, InvariantsAreReallyChecked) {
  const auto breaks = [](const std::function<void(State&)>& damage) {
    Harness h({"cpu:0", "cpu:1"});
    h.submit({.runs = 3});
    h.start_all();
    EXPECT_NO_THROW(check_invariants(h.state));
    damage(h.state);
    EXPECT_THROW(check_invariants(h.state), std::logic_error);
  };
  breaks([](State& s) { s.sweeps.clear(); });
  breaks([](State& s) { s.queue.erase(SweepId{1}); });
  breaks([](State& s) { s.timed.insert(RunId{3}); });
  breaks([](State& s) { s.sweeps.at(SweepId{1}).paused = true; });
  breaks([](State& s) { s.sweeps.at(SweepId{1}).priority = 1; });
  breaks([](State& s) { s.last_fence = Fence{1}; });
  breaks([](State& s) { s.workers.at(WorkerId{1}).runs.clear(); });
  breaks([](State& s) { s.workers.at(WorkerId{1}).runs.at(RunId{1}) = Fence{9}; });
  breaks([](State& s) { s.workers.erase(WorkerId{1}); });
  breaks([](State& s) { s.devices.at("cpu:0").worker.reset(); });
  breaks([](State& s) { s.runs.at(RunId{3}).status = Running{WorkerId{1}}; });
  breaks([](State& s) { s.runs.at(RunId{1}).status = Queued{}; });
  breaks([](State& s) {
    s.queue.insert(0, SweepId{7}, {0, RunId{7}}, *kNoWorkload, RunQueue::Company::none);
  });
  breaks([](State& s) { s.workers.at(WorkerId{2}).runs.emplace(RunId{1}, s.runs.at(RunId{1}).fence); });
}

}  // namespace
}  // namespace sweetspot::daemon
