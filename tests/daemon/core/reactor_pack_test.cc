// Several runs on one worker: each has a grant, an end and faults of its own.
#include "tests/daemon/core/harness.h"

namespace sweetspot::daemon {
namespace {

using namespace std::chrono_literals;

// Three runs in one pack, all running.
class Pack : public testing::Test {
 protected:
  void SetUp() override {
    h.submit({.runs = 3, .pack = "p"});
    h.start_all();
    for (int run : {1, 2, 3}) ASSERT_EQ(h.state_of_run(run), RunState::running);
  }
  Harness h;
};

TEST(NewPack, IsGrantedAndStartedAsOne) {
  Harness h;
  h.submit({.runs = 3, .pack = "p"});
  const Step step = h.connect(1);
  EXPECT_EQ(step.actions, (Lines{"welcome wk_1", "start wk_1 run_1/f_1 run_2/f_2 run_3/f_3"}));
  EXPECT_EQ(step.changes, (Lines{"wk_1 idle", "run_1 leased", "f_1 began as 1 of run_1 on cpu:0",
                                 "run_2 leased", "f_2 began as 1 of run_2 on cpu:0", "run_3 leased",
                                 "f_3 began as 1 of run_3 on cpu:0", "wk_1 busy"}));
}

TEST(NewPack, IsOneRunWhereThatIsAskedFor) {
  Harness h;
  h.options.pack = 1;
  h.submit({.runs = 3, .pack = "p"});
  EXPECT_EQ(h.connect(1).actions, (Lines{"welcome wk_1", "start wk_1 run_1/f_1"}));
}

TEST(NewPack, LeavesItsShareToAWorkerThatIsStillStarting) {
  Harness h({"cpu:0", "cpu:1"});
  EXPECT_EQ(h.submit({.runs = 4, .pack = "p"}).actions,
            (Lines{"launch wk_1 on cpu:0", "launch wk_2 on cpu:1"}));
  EXPECT_EQ(h.connect(1).actions, (Lines{"welcome wk_1", "start wk_1 run_1/f_1 run_2/f_2"}));
  EXPECT_EQ(h.connect(2).actions, (Lines{"welcome wk_2", "start wk_2 run_3/f_3 run_4/f_4"}));
}

TEST_F(Pack, EndsMemberByMemberAndTheWorkerIsFreeAfterTheLast) {
  h.submit({.id = 2});
  EXPECT_EQ(h.say(1, Done{h.grant(2), {}}).changes, Lines{"result run_2/f_2 seq 4"});
  EXPECT_EQ(h.say(1, failed(h.grant(1), ErrorClass::diverged)).actions, Lines{"ack wk_1 5"});
  EXPECT_EQ(h.state_of_run(1), RunState::failed);
  EXPECT_EQ(h.state_of_run(3), RunState::running);
  EXPECT_EQ(h.say(1, Done{h.grant(3), {}}).actions, (Lines{"ack wk_1 6", "start wk_1 run_4/f_4"}));
}

TEST_F(Pack, ACancelledMemberLeavesAlone) {
  Step step = h.act(2, Action::cancel);
  EXPECT_EQ(step.actions, Lines{"cancel wk_1 run_2/f_2"});
  EXPECT_EQ(h.say(1, Stopped{h.grant(2)}).actions, Lines{"ack wk_1 4"});
  EXPECT_EQ(h.state_of_run(1), RunState::running);
  EXPECT_EQ(h.state_of_run(3), RunState::running);
}

TEST_F(Pack, OneThatRanOutOfMemoryIsTriedAloneAndTheOthersGoOn) {
  h.say(1, failed(h.grant(1), ErrorClass::out_of_memory));
  EXPECT_EQ(h.state_of_run(1), RunState::retry_wait);
  h.submit({.id = 2, .runs = 2, .pack = "p"});
  h.say(1, Done{h.grant(2), {}});
  h.after(10s);
  EXPECT_EQ(h.say(1, Done{h.grant(3), {}}).actions, (Lines{"ack wk_1 6", "start wk_1 run_1/f_4"}));
  EXPECT_EQ(h.say(1, Done{h.grant(1), {}}).actions, (Lines{"ack wk_1 7", "start wk_1 run_4/f_5 run_5/f_6"}));
}

TEST_F(Pack, ACrashCountsOnceForEachMemberAndEachIsTriedAlone) {
  h.end(1);
  for (int run : {1, 2, 3}) {
    EXPECT_EQ(h.state_of_run(run), RunState::retry_wait);
    EXPECT_EQ(h.run(run).strikes, (Strikes{.infrastructure = 1}));
  }
  h.after(10s);
  EXPECT_EQ(h.connect(2).actions, (Lines{"welcome wk_2", "start wk_2 run_1/f_4"}));
  h.say(2, Done{h.grant(1), {}});
  EXPECT_EQ(h.worker(2).runs.size(), 1u);
}

TEST_F(Pack, OneThatGotOnIsForgivenTheCrashAndMayBePackedAgain) {
  h.end(1);
  h.after(10s);
  h.connect(2);
  h.say(2, EpochDone{h.grant(1), {.epoch = 1}});
  EXPECT_EQ(h.run(1).strikes, Strikes{});
  h.submit({.id = 2, .runs = 1, .pack = "p"});
  const Step step = h.say(2, Stopped{h.grant(1)});
  EXPECT_EQ(step.changes, (Lines{"wk_2 idle", "f_4 ended handed_back", "run_1 queued"}));
}

TEST_F(Pack, IsHandedBackWholeWithoutBlame) {
  for (int run : {1, 2, 3}) h.say(1, Stopped{h.grant(run)});
  EXPECT_EQ(h.end(1, ExitedWith{0}).actions, Lines{"launch wk_2 on cpu:0"});
  EXPECT_EQ(h.connect(2).actions, (Lines{"welcome wk_2", "start wk_2 run_1/f_4 run_2/f_5 run_3/f_6"}));
  EXPECT_EQ(h.run(1).strikes, Strikes{});
}

TEST_F(Pack, IsAdoptedWithWhatItStillHolds) {
  h.restart();
  const Step step = h.connect(1, {h.grant(1), h.grant(3)});
  EXPECT_EQ(step.changes, (Lines{"f_2 ended worker_lost_it", "run_2 queued", "run_1 running", "run_3 running",
                                 "wk_1 busy"}));
  EXPECT_EQ(h.state_of_run(2), RunState::queued) << "the worker is still at the others";
}

TEST_F(Pack, AStaleMemberIsDroppedAlone) {
  h.end(1);
  h.after(10s);
  h.connect(2);
  const Step step = h.say(2, Progress{{RunId{2}, Fence{2}}, "training"});
  EXPECT_EQ(step.actions, Lines{"stale wk_2 run_2/f_2"});
  EXPECT_EQ(h.state_of_run(1), RunState::leased);
}

TEST_F(Pack, IsNotStalledWhileAnyMemberGetsOn) {
  h.options.stall_timeout = 60s;
  for (int i = 0; i < 9; ++i) {
    h.say(1, Progress{h.grant(3), "training", i});
    EXPECT_EQ(h.after(10s).actions, Lines{});
  }
  for (int i = 0; i < 5; ++i) h.say(1, Heartbeat{}), h.after(10s);
  h.say(1, Heartbeat{});
  EXPECT_EQ(h.after(10s).actions, Lines{"kill wk_1: it beats, but got nowhere for 60 s"});
}

TEST_F(Pack, StaysWithItsWorkerWhenSweepOrDeviceTakesNothingNew) {
  h.act_on_sweep(1, Action::pause);
  EXPECT_EQ(h.step(DeviceAction{"cpu:0", Action::pause}).actions, Lines{});
  h.say(1, Done{h.grant(1), {}});
  h.say(1, Done{h.grant(2), {}});
  EXPECT_EQ(h.say(1, Done{h.grant(3), {}}).actions,
            (Lines{"ack wk_1 6", "exit wk_1: the device is drained"}));
}

}  // namespace
}  // namespace sweetspot::daemon
