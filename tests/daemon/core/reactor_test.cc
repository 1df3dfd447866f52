// What people ask for and what workers do when nothing breaks. Faults: reactor_faults_test.cc.
#include "tests/daemon/core/harness.h"

namespace sweetspot::daemon {
namespace {

using namespace std::chrono_literals;

TEST(Reactor, TakesARunFromSubmitToResult) {
  Harness h;
  Step step = h.submit({});
  EXPECT_EQ(step.actions, Lines{"launch wk_1 on cpu:0"});
  EXPECT_EQ(step.changes, Lines{"wk_1 starting"});
  EXPECT_EQ(h.state_of_run(1), RunState::queued);

  step = h.connect(1);
  EXPECT_EQ(step.actions, (Lines{"welcome wk_1", "start wk_1 run_1/f_1"}));
  EXPECT_EQ(step.changes,
            (Lines{"wk_1 idle", "run_1 leased", "f_1 began as 1 of run_1 on cpu:0", "wk_1 busy"}));

  step = h.say(1, Started{h.grant(1)});
  EXPECT_EQ(step.actions, Lines{"ack wk_1 1"});
  EXPECT_EQ(step.changes, Lines{"run_1 running"});

  step = h.say(1, Progress{h.grant(1), "training", 1, 10});
  EXPECT_EQ(step.actions, Lines{});
  EXPECT_EQ(step.changes, Lines{"progress run_1/f_1"});

  step = h.say(1, EpochDone{h.grant(1), {.epoch = 1}});
  EXPECT_EQ(step.actions, Lines{"ack wk_1 2"});
  EXPECT_EQ(step.changes, Lines{"epoch 1 run_1/f_1"});

  step = h.say(1, Done{h.grant(1), {}});
  EXPECT_EQ(step.actions, Lines{"ack wk_1 3"});
  EXPECT_EQ(step.changes, (Lines{"wk_1 idle", "result run_1/f_1 seq 3"}));
  EXPECT_EQ(h.state_of_run(1), RunState::succeeded);
}

TEST(Reactor, GivesTheNextRunWithTheResultOfTheLast) {
  Harness h;
  h.submit({.runs = 2});
  h.start_all();
  const Step step = h.say(1, Done{h.grant(1), {}});
  EXPECT_EQ(step.actions, (Lines{"ack wk_1 2", "start wk_1 run_2/f_2"}));
}

TEST(Reactor, NeverStartsMoreWorkersThanThereIsWork) {
  Harness h({"cpu:0", "cpu:1", "cpu:2"});
  EXPECT_EQ(h.submit({.id = 1, .runs = 2}).actions, (Lines{"launch wk_1 on cpu:0", "launch wk_2 on cpu:1"}));
  EXPECT_EQ(h.after(1s).actions, Lines{});
  EXPECT_EQ(h.submit({.id = 2, .runs = 5}).actions, Lines{"launch wk_3 on cpu:2"});
  EXPECT_EQ(h.after(1s).actions, Lines{});
}

TEST(Reactor, FencesOnlyGrow) {
  Harness h({"cpu:0", "cpu:1"});
  h.submit({.runs = 3});
  h.start_all();
  EXPECT_EQ(h.grant(1).fence, Fence{1});
  EXPECT_EQ(h.grant(2).fence, Fence{2});
  h.say(1, Failed{h.grant(1), ErrorClass::infrastructure, {}});
  EXPECT_EQ(h.grant(3).fence, Fence{3});
  h.say(2, Done{h.grant(2), {}});
  h.after(10s);
  EXPECT_EQ(h.state_of_run(1), RunState::leased);
  EXPECT_EQ(h.grant(1).fence, Fence{4});
  EXPECT_EQ(h.run(1).attempt, 2);
}

// --- cancel ---

TEST(Reactor, CancelsWhatWaitsAtOnce) {
  Harness h;
  h.submit({.runs = 2});
  h.start_all();
  const Step step = h.act(2, Action::cancel);
  EXPECT_EQ(step.actions, Lines{});
  EXPECT_EQ(step.changes, Lines{"run_2 cancelled cancelled"});
  ASSERT_EQ(step.outcomes.size(), 1u);
  EXPECT_TRUE(step.outcomes[0].changed);
  EXPECT_FALSE(h.run(2).reason.hint.empty());
}

TEST(Reactor, CancelsWhatRunsAndGivesTheWorkerNothingUntilItHasStopped) {
  Harness h;
  h.submit({.runs = 2});
  h.start_all();
  Step step = h.act(1, Action::cancel);
  EXPECT_EQ(step.actions, Lines{"cancel wk_1 run_1/f_1"});
  EXPECT_EQ(step.changes, (Lines{"f_1 ended cancelled", "run_1 cancelled cancelled"}));
  // What it says before it has read the Cancel changes nothing, and is not answered with Stale, after which
  // it would never say Stopped.
  EXPECT_EQ(h.say(1, Progress{h.grant(1), "training"}).actions, Lines{});
  EXPECT_EQ(h.say(1, EpochDone{h.grant(1), {}}).actions, Lines{"ack wk_1 2"});
  step = h.say(1, Stopped{h.grant(1)});
  EXPECT_EQ(step.actions, (Lines{"ack wk_1 3", "start wk_1 run_2/f_2"}));
  EXPECT_EQ(h.state_of_run(1), RunState::cancelled);
}

TEST(Reactor, ADoneThatCrossesACancelIsAcknowledgedAndDropped) {
  Harness h;
  h.submit({});
  h.start_all();
  h.act(1, Action::cancel);
  const Step step = h.say(1, Done{h.grant(1), {}});
  EXPECT_EQ(step.actions, Lines{"ack wk_1 2"});
  EXPECT_EQ(step.changes, Lines{"wk_1 idle"});
  EXPECT_EQ(h.state_of_run(1), RunState::cancelled);
}

TEST(Reactor, RetriedWhileItsWorkerStillStopsARunIsDoneByAnother) {
  Harness h({"cpu:0", "cpu:1"});
  h.submit({});
  h.start_all();
  const Grant first = h.grant(1);
  h.act(1, Action::cancel);
  EXPECT_EQ(h.act(1, Action::retry).actions, Lines{"launch wk_2 on cpu:1"});
  EXPECT_EQ(h.connect(2).actions, (Lines{"welcome wk_2", "start wk_2 run_1/f_2"}));
  EXPECT_EQ(h.say(1, Done{first, {}}).changes, Lines{"wk_1 idle"});
  EXPECT_EQ(h.state_of_run(1), RunState::leased);
  EXPECT_EQ(h.say(2, Done{h.grant(1), {}}).changes,
            (Lines{"wk_2 idle", "run_1 running", "result run_1/f_2 seq 1"}));
}

TEST(Reactor, RefusesToCancelWhatHasEnded) {
  Harness h;
  h.submit({});
  h.start_all();
  h.say(1, Done{h.grant(1), {}});
  const Step step = h.act(1, Action::cancel);
  EXPECT_EQ(step.changes, Lines{});
  ASSERT_EQ(step.outcomes.size(), 1u);
  EXPECT_FALSE(step.outcomes[0].changed);
  EXPECT_NE(step.outcomes[0].why_not.find("succeeded"), std::string::npos);
}

TEST(Reactor, CancelsASweepInEveryState) {
  Harness h;
  h.submit({.runs = 4});
  h.start_all();
  h.say(1, Done{h.grant(1), {}});
  h.say(1, Failed{h.grant(2), ErrorClass::infrastructure, {"x", "", ""}});
  EXPECT_EQ(h.state_of_run(2), RunState::retry_wait);
  EXPECT_EQ(h.state_of_run(3), RunState::leased);
  const Step step = h.act_on_sweep(1, Action::cancel);
  EXPECT_EQ(step.actions, Lines{"cancel wk_1 run_3/f_3"});
  EXPECT_EQ(step.outcomes.size(), 3u);
  EXPECT_EQ(h.state_of_run(1), RunState::succeeded);
  for (int id : {2, 3, 4}) EXPECT_EQ(h.state_of_run(id), RunState::cancelled);
  EXPECT_EQ(h.after(1h).changes, Lines{}) << "a cancelled wait comes back";
}

// --- pause, resume, retry, priorities ---

TEST(Reactor, APausedSweepFinishesWhatRunsAndStartsNothing) {
  Harness h;
  h.submit({.runs = 3});
  h.start_all();
  Step step = h.act_on_sweep(1, Action::pause);
  EXPECT_EQ(step.changes, (Lines{"sw_1 paused", "run_2 paused paused", "run_3 paused paused"}));
  ASSERT_EQ(step.outcomes.size(), 3u);
  EXPECT_FALSE(step.outcomes[0].changed) << "the running one goes on";
  EXPECT_EQ(h.say(1, Done{h.grant(1), {}}).actions, Lines{"ack wk_1 2"});
  step = h.act_on_sweep(1, Action::resume);
  EXPECT_EQ(step.actions, Lines{"start wk_1 run_2/f_2"});
  EXPECT_EQ(h.state_of_run(3), RunState::queued);
}

TEST(Reactor, PausesALargeSweepInPortions) {
  Harness h;
  h.submit({.id = 1, .runs = 3});
  h.submit({.id = 2, .runs = 1});
  Step step = h.step(SweepAction{SweepId{1}, Action::pause, {}, {}, 2});
  EXPECT_EQ(step.changes, (Lines{"sw_1 paused", "run_1 paused paused", "run_2 paused paused"}));
  EXPECT_EQ(step.done_up_to, RunId{2});
  EXPECT_EQ(h.connect(1).actions.back(), "start wk_1 run_4/f_1")
      << "of what is not paused yet, none is given out";

  step = h.step(SweepAction{SweepId{1}, Action::pause, {}, RunId{2}, 2});
  EXPECT_EQ(step.changes, Lines{"run_3 paused paused"});
  EXPECT_EQ(step.done_up_to, std::nullopt);
  step = h.step(SweepAction{SweepId{1}, Action::resume, {}, {}, 2});
  EXPECT_TRUE(h.state.sweeps.at(SweepId{1}).paused) << "until the last is resumed";
  h.step(SweepAction{SweepId{1}, Action::pause, {}, {}, 3});
  step = h.step(SweepAction{SweepId{1}, Action::resume, {}, {}, 3});
  EXPECT_EQ(step.changes, (Lines{"run_1 queued", "run_2 queued", "run_3 queued", "sw_1 going"}));
  EXPECT_EQ(step.done_up_to, std::nullopt) << "nothing follows";
}

TEST(Reactor, AFailureInAPausedSweepWaitsForItsResume) {
  Harness h;
  h.submit({});
  h.start_all();
  h.act_on_sweep(1, Action::pause);
  h.say(1, Failed{h.grant(1), ErrorClass::infrastructure, {"x", "", ""}});
  EXPECT_EQ(h.after(10s).actions, Lines{});
  EXPECT_EQ(h.state_of_run(1), RunState::queued);
  EXPECT_EQ(h.act_on_sweep(1, Action::resume).actions, Lines{"start wk_1 run_1/f_2"});
}

TEST(Reactor, RestartLeavesTheCheckpointsOfAllAttemptsBehindAndRetryDoesNot) {
  Harness h;
  h.submit({.runs = 1});
  h.start_all();
  h.say(1, Failed{h.grant(1), ErrorClass::bad_input, {"x", "", ""}});
  h.act(1, Action::restart);
  EXPECT_EQ(h.run(1).scratch, Fence{1});
  h.say(1, Failed{h.grant(1), ErrorClass::bad_input, {"x", "", ""}});
  h.act_on_sweep(1, Action::retry);
  EXPECT_EQ(h.run(1).scratch, Fence{1}) << "it goes on from what the second attempt left";
  h.say(1, Failed{h.grant(1), ErrorClass::bad_input, {"x", "", ""}});
  h.act_on_sweep(1, Action::restart, {RunState::failed});
  EXPECT_EQ(h.run(1).scratch, Fence{3});
}

TEST(Reactor, RetriesWhatEndedBadlyAndNothingElse) {
  Harness h;
  h.submit({.runs = 4});
  h.start_all();
  h.say(1, Done{h.grant(1), {}});
  h.say(1, Failed{h.grant(2), ErrorClass::bad_input, {"x", "", ""}});
  h.act(4, Action::cancel);
  h.say(1, Done{h.grant(3), {}});
  const Step step = h.act_on_sweep(1, Action::retry, {RunState::cancelled});
  EXPECT_EQ(step.actions, Lines{"start wk_1 run_4/f_4"});
  EXPECT_EQ(h.state_of_run(2), RunState::failed);
  h.act_on_sweep(1, Action::retry);
  EXPECT_EQ(h.state_of_run(2), RunState::queued);
  EXPECT_EQ(h.run(2).strikes, Strikes{});
  EXPECT_EQ(h.run(2).reason, Reason{});
  const Step refused = h.act(1, Action::retry);
  EXPECT_FALSE(refused.outcomes.at(0).changed);
  EXPECT_EQ(refused.changes, Lines{});
}

TEST(Reactor, AHigherPriorityGoesFirstAlsoWhenRaisedLater) {
  Harness h;
  h.submit({.id = 1, .runs = 2});
  h.submit({.id = 2, .runs = 2, .priority = 5});
  EXPECT_EQ(h.connect(1).actions.back(), "start wk_1 run_3/f_1");
  h.step(SweepPriority{SweepId{1}, 6});
  EXPECT_EQ(h.say(1, Done{h.grant(3), {}}).actions.back(), "start wk_1 run_1/f_2");
}

TEST(Reactor, ARemovedSweepIsGone) {
  Harness h;
  h.submit({.id = 1, .runs = 2});
  h.submit({.id = 2, .runs = 1});
  h.step(SweepRemoved{SweepId{1}});
  EXPECT_EQ(h.state.runs.size(), 1u);
  EXPECT_EQ(h.connect(1).actions.back(), "start wk_1 run_3/f_1");
}

TEST(Reactor, IgnoresActionsOnWhatIsNotThere) {
  Harness h;
  for (const Event& event : std::vector<Event>{
           SweepAction{SweepId{9}, Action::cancel, {}}, RunAction{RunId{9}, Action::retry},
           SweepPriority{SweepId{9}, 1}, SweepRemoved{SweepId{9}}, DeviceAction{"cpu:9", Action::pause},
           WorkerSaid{WorkerId{9}, {1, Started{{RunId{1}, Fence{1}}}}}, WorkerDisconnected{WorkerId{9}},
           WorkerEnded{WorkerId{9}, ExitedWith{0}}, ResultRejected{WorkerId{9}, {RunId{9}, Fence{1}}, {}}}) {
    const Step step = h.step(event);
    EXPECT_EQ(step.actions, Lines{}) << event.index();
    EXPECT_EQ(step.changes, Lines{}) << event.index();
  }
}

// --- devices, ends ---

TEST(Reactor, AnIdleWorkerIsToldToEndAfterAWhile) {
  Harness h;
  h.submit({});
  h.start_all();
  h.say(1, Done{h.grant(1), {}});
  h.now += h.options.idle_timeout;
  h.say(1, Heartbeat{});
  EXPECT_EQ(h.after(0ms).actions, Lines{});
  EXPECT_EQ(h.after(1ms).actions, Lines{"exit wk_1: there is nothing to do"});
  EXPECT_EQ(h.submit({.id = 2}).actions, Lines{}) << "given to a worker that is about to end";
  EXPECT_EQ(h.end(1, ExitedWith{0}).actions, Lines{"launch wk_2 on cpu:0"});
}

TEST(Reactor, ADrainedDeviceFinishesItsRunAndGivesItsMemoryBack) {
  Harness h;
  h.submit({.runs = 2});
  h.start_all();
  Step step = h.step(DeviceAction{"cpu:0", Action::pause});
  EXPECT_EQ(step.actions, Lines{});
  EXPECT_EQ(step.changes, Lines{"cpu:0 drained"});
  EXPECT_EQ(h.say(1, Done{h.grant(1), {}}).actions,
            (Lines{"ack wk_1 2", "exit wk_1: the device is drained"}));
  EXPECT_EQ(h.end(1, ExitedWith{0}).actions, Lines{});
  step = h.step(DeviceAction{"cpu:0", Action::resume});
  EXPECT_EQ(step.actions, Lines{"launch wk_2 on cpu:0"});
  EXPECT_EQ(step.changes, (Lines{"cpu:0 open", "wk_2 starting"}));
}

TEST(Reactor, ADrainedDevicesIdleWorkerEndsAtOnce) {
  Harness h;
  h.submit({});
  EXPECT_EQ(h.step(DeviceAction{"cpu:0", Action::pause}).actions, Lines{"kill wk_1: the device is drained"});
}

TEST(Reactor, ShuttingDownEndsIdleWorkersAndLetsBusyOnesGoOn) {
  Harness h({"cpu:0", "cpu:1", "cpu:2"});
  h.submit({.runs = 3});
  h.connect(1), h.connect(2);
  h.say(2, Done{h.grant(2), {}});
  h.act(3, Action::cancel);
  h.say(2, Stopped{h.grant(3)});
  EXPECT_EQ(h.step(ShutDown{}).actions,
            (Lines{"exit wk_2: the daemon stops", "kill wk_3: the daemon stops"}));
  h.act(3, Action::retry);
  EXPECT_EQ(h.say(1, Done{h.grant(1), {}}).actions, Lines{"ack wk_1 1"}) << "a grant after the shut down";
  EXPECT_EQ(h.end(2, ExitedWith{0}).actions, Lines{});
}

}  // namespace
}  // namespace sweetspot::daemon
