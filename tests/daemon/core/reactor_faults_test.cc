// Failures, deaths, silence, strangers, restarts.
#include "tests/daemon/core/harness.h"

namespace sweetspot::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Until the run is given out again; the back-off it waited.
std::chrono::milliseconds wait_for_retry(Harness& h, std::int64_t run) {
  const TimePoint from = h.now;
  while (h.state_of_run(run) == RunState::retry_wait) {
    for (auto& [id, worker] : h.state.workers) worker.last_heard = h.now;
    h.after(100ms);
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(h.now - from);
}

// --- how failures are classed ---

class FailsAtOnce : public testing::TestWithParam<ErrorClass> {};
INSTANTIATE_TEST_SUITE_P(Reactor, FailsAtOnce,
                         testing::Values(ErrorClass::diverged, ErrorClass::bad_input, ErrorClass::internal),
                         [](const auto& each) { return std::string(to_string(each.param)); });
TEST_P(FailsAtOnce, AndIsNotRetried) {
  Harness h;
  h.submit({});
  h.connect(1);
  const Step step = h.say(1, failed(h.grant(1), GetParam()));
  EXPECT_EQ(step.actions, Lines{"ack wk_1 1"});
  EXPECT_EQ(step.changes, (Lines{"wk_1 idle", "f_1 ended why", "run_1 failed why"}));
  EXPECT_EQ(h.run(1).reason, (Reason{"why", "because", "do"}));
  EXPECT_EQ(h.after(1h).changes, Lines{});
}

struct Limit {
  ErrorClass error_class;
  int attempts;
  RunState end;
};
class FailsAgain : public testing::TestWithParam<Limit> {};
INSTANTIATE_TEST_SUITE_P(Reactor, FailsAgain,
                         testing::Values(Limit{ErrorClass::infrastructure, 5, RunState::quarantined},
                                         Limit{ErrorClass::out_of_memory, 2, RunState::failed},
                                         Limit{ErrorClass::protocol, 2, RunState::failed}),
                         [](const auto& each) { return std::string(to_string(each.param.error_class)); });
TEST_P(FailsAgain, AndIsGivenUpAfterItsStrikes) {
  Harness h;
  h.submit({});
  h.start_all();
  for (int attempt = 1; attempt < GetParam().attempts; ++attempt) {
    EXPECT_EQ(h.run(1).attempt, attempt);
    h.say(1, failed(h.grant(1), GetParam().error_class));
    ASSERT_EQ(h.state_of_run(1), RunState::retry_wait);
    const double nominal = 5000.0 * (1 << (attempt - 1));
    const auto waited = wait_for_retry(h, 1);
    EXPECT_GE(waited.count(), 0.8 * nominal);
    EXPECT_LE(waited.count(), 1.2 * nominal + 100);
    ASSERT_EQ(h.state_of_run(1), RunState::leased);
  }
  h.say(1, failed(h.grant(1), GetParam().error_class));
  EXPECT_EQ(h.state_of_run(1), GetParam().end);
  h.act(1, Action::retry);
  EXPECT_EQ(h.state_of_run(1), RunState::leased) << "people may try again";
}

TEST(Reactor, BacksOffAtMostTenMinutes) {
  Harness h;
  h.options.infrastructure_strikes = 100;
  h.options.idle_timeout = 24h;
  h.submit({});
  h.start_all();
  std::chrono::milliseconds longest{0};
  for (int i = 0; i < 40; ++i) {
    h.say(1, failed(h.grant(1), ErrorClass::infrastructure));
    longest = std::max(longest, wait_for_retry(h, 1));
  }
  EXPECT_GE(longest, 480s);
  EXPECT_LE(longest, 721s);
}

TEST(Reactor, RunsThatFailTogetherDoNotComeBackTogether) {
  Harness h({"cpu:0", "cpu:1", "cpu:2", "cpu:3"});
  h.submit({.runs = 4});
  h.start_all();
  std::set<TimePoint> times;
  for (int id : {1, 2, 3, 4}) {
    h.say(id, failed(h.grant(id), ErrorClass::infrastructure));
    times.insert(std::get<RetryWait>(h.run(id).status).until);
  }
  EXPECT_EQ(times.size(), 4u);
}

// --- the death of workers ---

TEST(Reactor, AWorkersDeathIsItsRunsStrikeAndSaysHow) {
  Harness h;
  h.submit({});
  h.start_all();
  const Step step = h.end(1, KilledBy{9});
  EXPECT_EQ(step.changes, (Lines{"wk_1 gone", "f_1 ended worker_lost", "run_1 retry_wait worker_lost"}));
  EXPECT_EQ(step.actions, Lines{});
  EXPECT_EQ(h.run(1).strikes.infrastructure, 1);
  EXPECT_EQ(h.run(1).reason.text, "wk_1 on cpu:0 was killed by signal 9");
  EXPECT_THAT(h.run(1).reason.hint, HasSubstr("attempt 2 of at most 5"));
  EXPECT_EQ(h.after(7s).actions, Lines{"launch wk_2 on cpu:0"});
}

TEST(Reactor, ADeathIsToldAsItWas) {
  const auto says = [](ProcessEnd end) {
    Harness h;
    h.submit({});
    h.start_all();
    h.end(1, std::move(end));
    return h.run(1).reason.text;
  };
  EXPECT_EQ(says(ExitedWith{75}), "wk_1 on cpu:0 exited with code 75");
  EXPECT_EQ(says(ExitedWith{-1}), "wk_1 on cpu:0 ended");
  EXPECT_EQ(says(KilledBy{11}), "wk_1 on cpu:0 was killed by signal 11");
  EXPECT_EQ(says(CouldNotStart{{"", "no such file", "", ""}}),
            "wk_1 on cpu:0 could not be started: no such file");
}

TEST(Reactor, ALostWorkersDeathLeavesItsCancelledRunCancelled) {
  Harness h;
  h.submit({});
  h.start_all();
  h.act(1, Action::cancel);
  EXPECT_EQ(h.end(1).changes, Lines{"wk_1 gone"});
  EXPECT_EQ(h.state_of_run(1), RunState::cancelled);
}

TEST(Reactor, ASilentWorkerIsKilledOnceAndItsRunGivenOutAfterItsEnd) {
  Harness h;
  h.submit({});
  h.start_all();
  EXPECT_EQ(h.after(h.options.heartbeat_timeout).actions, Lines{});
  EXPECT_EQ(h.after(1ms).actions, Lines{"kill wk_1: nothing was heard of it for 15 s"});
  EXPECT_EQ(h.after(1s).actions, Lines{});
  EXPECT_EQ(h.state_of_run(1), RunState::running) << "the device is not free before its process has ended";
  h.end(1, KilledBy{15});
  EXPECT_EQ(h.state_of_run(1), RunState::retry_wait);
}

TEST(Reactor, AWorkerThatDoesNotEndWhenToldIsKilled) {
  Harness h;
  h.submit({});
  h.start_all();
  h.say(1, Done{h.grant(1), {}});
  h.step(DeviceAction{"cpu:0", Action::pause});
  Lines kills;
  for (int second = 0; second < 20; ++second) {
    h.say(1, Heartbeat{});
    const Step step = h.after(1s);
    kills.insert(kills.end(), step.actions.begin(), step.actions.end());
  }
  EXPECT_EQ(kills, Lines{"kill wk_1: it should have ended 15 s ago"});
}

TEST(Reactor, AHeartbeatIsEnough) {
  Harness h;
  h.submit({});
  h.start_all();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(h.after(14s).actions, Lines{});
    EXPECT_EQ(h.say(1, Heartbeat{}).actions, Lines{});
  }
}

// --- launches ---

TEST(Reactor, AWorkerThatNeverSaysHelloIsKilledAndTriedAgain) {
  Harness h;
  h.submit({});
  EXPECT_EQ(h.after(h.options.launch_timeout).actions, Lines{});
  EXPECT_EQ(h.after(1ms).actions, Lines{"kill wk_1: nothing was heard of it for 120 s"});
  EXPECT_EQ(h.end(1, KilledBy{15}).actions, Lines{"launch wk_2 on cpu:0"});
}

TEST(Reactor, LaunchesThatFailBackOff) {
  Harness h;
  h.submit({});
  int launches = 1;
  std::int64_t worker = 1;
  for (int second = 0; second < 3600; ++second) {
    while (h.state.workers.contains(WorkerId{worker})) {
      const Step step = h.end(worker, CouldNotStart{{"", "no such file", "", ""}});
      EXPECT_EQ(step.actions, Lines{}) << "tried again at once";
      ++worker;
    }
    launches += int(h.after(1s).actions.size());
  }
  // 5, 10, 20, ... 600 s apart: about a dozen in an hour, and never none.
  EXPECT_GE(launches, 8);
  EXPECT_LE(launches, 16);
  while (!h.state.workers.contains(WorkerId{worker})) h.after(1s);
  h.connect(worker);
  EXPECT_EQ(h.state.devices.at("cpu:0").failed_launches, 0);
  EXPECT_EQ(h.run(1).strikes, Strikes{}) << "the run is not to blame";
}

TEST(Reactor, ADeviceSaysWhyItsWorkerNeverCame) {
  Harness h;
  h.submit({});
  EXPECT_EQ(h.end(1, ExitedWith{127}).changes, (Lines{"cpu:0 open, troubled", "wk_1 gone"}));
  EXPECT_EQ(h.state.devices.at("cpu:0").problem,
            "wk_1 on cpu:0 exited with code 127 before it was ready; see workers/wk_1.log in the state directory");
  while (!h.state.workers.contains(WorkerId{2})) h.after(1s);
  EXPECT_EQ(h.connect(2).changes.front(), "cpu:0 open");
  EXPECT_EQ(h.state.devices.at("cpu:0").problem, "");
}

TEST(Reactor, OneBrokenDeviceDoesNotHoldUpTheOther) {
  Harness h({"cpu:0", "cpu:1"});
  h.submit({.runs = 2});
  h.end(1, ExitedWith{1});
  EXPECT_EQ(h.connect(2).actions, (Lines{"welcome wk_2", "start wk_2 run_1/f_1"}));
}

// --- strangers ---

TEST(Reactor, RefusesStrangersAndSaysWhy) {
  Harness h({"cpu:0", "cpu:1"});
  h.submit({});
  const auto refusal = [&](const Hello& hello) {
    const Step step = h.hello(hello);
    EXPECT_EQ(step.changes, Lines{});
    EXPECT_EQ(step.actions.size(), 1u);
    return step.actions.at(0);
  };
  EXPECT_THAT(refusal({.protocol = 2, .worker = WorkerId{1}, .device = "cpu:0"}),
              HasSubstr("refuse wk_1: it speaks protocol 2, this daemon 1"));
  EXPECT_THAT(refusal({.worker = WorkerId{1}, .device = "cuda:0"}), HasSubstr("'cuda:0' is not one"));
  EXPECT_THAT(refusal({.worker = WorkerId{7}, .device = "cpu:0"}), HasSubstr("cpu:0 already has wk_1"));
  EXPECT_THAT(refusal({.worker = WorkerId{7}, .device = "cpu:1"}), HasSubstr("wk_7 was not started by"));
  EXPECT_THAT(refusal({.worker = WorkerId{1}, .device = "cpu:1"}), HasSubstr("for cpu:0, not for cpu:1"));
  EXPECT_EQ(h.connect(1).actions, (Lines{"welcome wk_1", "start wk_1 run_1/f_1"}));
}

TEST(Reactor, AnOldFenceChangesNothing) {
  Harness h({"cpu:0", "cpu:1"});
  h.submit({});
  h.start_all();
  const Grant old = h.grant(1);
  h.end(1);
  h.after(10s);
  h.connect(2);
  ASSERT_NE(h.grant(1), old);
  for (const WorkerMessage& message :
       std::vector<WorkerMessage>{Started{old}, Progress{old, "training"}, EpochDone{old, {}}, Done{old, {}},
                                  failed(old, ErrorClass::bad_input), Stopped{old}}) {
    const Step step = h.say(2, message);
    EXPECT_EQ(step.changes, Lines{}) << message.index();
    for (const std::string& action : step.actions)
      EXPECT_THAT(action, testing::AnyOf(HasSubstr("ack"), "stale wk_2 run_1/f_1"));
    EXPECT_EQ(h.state_of_run(1), RunState::leased);
  }
}

TEST(Reactor, AnothersGrantIsNotOnesOwn) {
  Harness h({"cpu:0", "cpu:1"});
  h.submit({.runs = 2});
  h.start_all();
  const Step step = h.say(2, Done{h.grant(1), {}});
  EXPECT_EQ(step.changes, Lines{});
  EXPECT_EQ(h.state_of_run(1), RunState::running);
}

TEST(Reactor, AFenceFromTheFutureChangesNothing) {
  Harness h;
  h.submit({});
  h.start_all();
  const Step step = h.say(1, Done{{RunId{1}, Fence{99}}, {}});
  EXPECT_EQ(step.changes, Lines{});
  EXPECT_EQ(h.state_of_run(1), RunState::running);
}

TEST(Reactor, ADoneSentTwiceIsStoredOnce) {
  Harness h;
  h.submit({});
  h.start_all();
  const WorkerFrame frame{2, Done{h.grant(1), {}}};
  EXPECT_EQ(h.step(WorkerSaid{WorkerId{1}, frame}).changes, (Lines{"wk_1 idle", "result run_1/f_1 seq 2"}));
  const Step again = h.step(WorkerSaid{WorkerId{1}, frame});
  EXPECT_EQ(again.actions, Lines{"ack wk_1 2"});
  EXPECT_EQ(again.changes, Lines{});
}

// --- results that do not hold ---

TEST(Reactor, ARejectedResultIsAProtocolStrike) {
  Harness h;
  h.submit({});
  h.start_all();
  h.say(1, Done{h.grant(1), {}});
  const ResultRejected rejected{WorkerId{1}, h.grant(1), {"hash_differs", "text", "hint", ""}};
  EXPECT_EQ(h.step(rejected).changes, (Lines{"f_1 ended hash_differs", "run_1 retry_wait hash_differs"}));
  EXPECT_EQ(h.step(rejected).changes, Lines{}) << "told twice";
  EXPECT_EQ(h.after(10s).actions, Lines{"start wk_1 run_1/f_2"});
  h.say(1, Done{h.grant(1), {}});
  h.step(ResultRejected{WorkerId{1}, h.grant(1), {"hash_differs", "text", "hint", ""}});
  EXPECT_EQ(h.state_of_run(1), RunState::failed);
}

TEST(Reactor, AResultIsRejectedAlsoAfterItsWorkersDeath) {
  Harness h;
  h.submit({});
  h.start_all();
  h.say(1, Done{h.grant(1), {}});
  h.end(1);
  const Step step = h.step(ResultRejected{WorkerId{1}, h.grant(1), {"hash_differs", "text", "hint", ""}});
  EXPECT_EQ(step.changes, (Lines{"f_1 ended hash_differs", "run_1 retry_wait hash_differs"}));
}

TEST(Reactor, ARejectionOfAnOldGrantChangesNothing) {
  Harness h;
  h.submit({});
  h.start_all();
  EXPECT_EQ(h.step(ResultRejected{WorkerId{1}, {RunId{1}, Fence{9}}, {}}).changes, Lines{});
  EXPECT_EQ(h.step(ResultRejected{WorkerId{1}, h.grant(1), {}}).changes, Lines{}) << "it has no result yet";
}

// --- connections that break ---

TEST(Reactor, AWorkerThatComesBackGoesOn) {
  Harness h;
  h.submit({});
  h.start_all();
  EXPECT_EQ(h.step(WorkerDisconnected{WorkerId{1}}).actions, Lines{});
  h.now += 10s;
  const Step step = h.connect(1, {h.grant(1)});
  EXPECT_EQ(step.actions, Lines{"welcome wk_1"});
  EXPECT_EQ(step.changes, Lines{"wk_1 busy"});
  EXPECT_EQ(h.after(10s).actions, Lines{});
}

TEST(Reactor, AWorkerMayComeBackBeforeItsFirstConnectionIsSeenToEnd) {
  Harness h;
  h.submit({.runs = 2});
  h.start_all();
  EXPECT_EQ(h.connect(1, {h.grant(1)}).actions, Lines{"welcome wk_1"});
  h.step(WorkerDisconnected{WorkerId{1}});  // of the first
  EXPECT_EQ(h.say(1, Done{h.grant(1), {}}).actions, (Lines{"ack wk_1 2", "start wk_1 run_2/f_2"}));
}

TEST(Reactor, ADisconnectedWorkerGetsNothing) {
  Harness h;
  h.submit({});
  h.connect(1);
  h.say(1, Done{h.grant(1), {}});
  h.step(WorkerDisconnected{WorkerId{1}});
  EXPECT_EQ(h.submit({.id = 2}).actions, Lines{});
  EXPECT_EQ(h.connect(1).actions, (Lines{"welcome wk_1", "start wk_1 run_2/f_2"}));
}

TEST(Reactor, AGrantThatNeverArrivedIsDoneAnewWithoutAStrike) {
  Harness h;
  h.submit({});
  h.connect(1);
  h.step(WorkerDisconnected{WorkerId{1}});
  const Step step = h.connect(1, {});
  EXPECT_EQ(step.actions, (Lines{"welcome wk_1", "start wk_1 run_1/f_2"}));
  EXPECT_THAT(step.changes, testing::Contains("f_1 ended worker_lost_it"));
  EXPECT_EQ(h.run(1).strikes, Strikes{});
}

TEST(Reactor, ARunCancelledWhileItsWorkerWasAwayIsPutDownFirst) {
  Harness h;
  h.submit({.runs = 2});
  h.start_all();
  h.step(WorkerDisconnected{WorkerId{1}});
  h.act(1, Action::cancel);
  EXPECT_EQ(h.connect(1, {h.grant(1)}).actions, (Lines{"welcome wk_1", "cancel wk_1 run_1/f_1"}));
  EXPECT_EQ(h.say(1, Stopped{h.grant(1)}).actions, (Lines{"ack wk_1 2", "start wk_1 run_2/f_2"}));
}

// --- restarts of the daemon ---

TEST(Reactor, AfterARestartAWorkerIsAdoptedWithItsRun) {
  Harness h;
  h.submit({.runs = 2});
  h.start_all();
  h.restart();
  EXPECT_EQ(h.state_of_run(1), RunState::orphaned);
  EXPECT_EQ(h.after(29s).actions, Lines{});
  Step step = h.connect(1, {h.grant(1)});
  EXPECT_EQ(step.actions, Lines{"welcome wk_1"});
  EXPECT_EQ(step.changes, (Lines{"run_1 running", "wk_1 busy"}));
  EXPECT_EQ(h.grant(1).fence, Fence{1}) << "the same attempt";
  step = h.say(1, Done{h.grant(1), {}});
  EXPECT_EQ(step.changes[1], "result run_1/f_1 seq 2");
  EXPECT_EQ(step.actions, (Lines{"ack wk_1 2", "start wk_1 run_2/f_2"}));
}

TEST(Reactor, AfterARestartAWorkerIsWarmForWhatItDoes) {
  Harness h({"cpu:0", "cpu:1"});
  h.submit({.runs = 5, .affinities = {"a", "b", "b", "b", "a"}});
  h.start_all();
  h.restart();
  h.connect(1, {h.grant(1)}), h.connect(2, {h.grant(2)});
  EXPECT_EQ(h.say(1, Done{h.grant(1), {}}).actions.back(), "start wk_1 run_5/f_3");
}

TEST(Reactor, AfterARestartAWorkerWithoutItsGrantGetsItAnew) {
  Harness h;
  h.submit({});
  h.connect(1);
  h.restart();
  EXPECT_EQ(h.connect(1, {}).actions, (Lines{"welcome wk_1", "start wk_1 run_1/f_2"}));
}

TEST(Reactor, AfterARestartAWorkerThatDoesNotComeBackIsKilledAndItsRunRetried) {
  Harness h;
  h.submit({});
  h.start_all();
  h.restart();
  EXPECT_EQ(h.after(h.options.adoption_grace).actions, Lines{});
  EXPECT_EQ(h.after(1ms).actions, Lines{"kill wk_1: nothing was heard of it for 30 s"});
  h.end(1, ExitedWith{-1});
  EXPECT_EQ(h.state_of_run(1), RunState::retry_wait);
  EXPECT_EQ(h.after(10s).actions, Lines{"launch wk_2 on cpu:0"});
}

TEST(Reactor, AfterARestartADeadWorkersRunIsRetriedAtOnce) {
  Harness h;
  h.submit({});
  h.start_all();
  h.restart();
  h.end(1, ExitedWith{-1});
  EXPECT_EQ(h.state_of_run(1), RunState::retry_wait);
  EXPECT_EQ(h.run(1).strikes.infrastructure, 1);
}

TEST(Reactor, AfterARestartARunWhoseWorkerIsForgottenIsGivenUp) {
  Harness h;
  h.submit({});
  h.start_all();
  h.say(1, Done{h.grant(1), {}});
  h.end(1);
  h.run(1).status = Running{WorkerId{1}};  // the result was rejected, and the daemon died before it was told
  h.restart();
  EXPECT_EQ(h.after(h.options.adoption_grace).changes, Lines{});
  EXPECT_EQ(h.after(1ms).changes, (Lines{"f_1 ended worker_lost", "run_1 retry_wait worker_lost"}));
}

TEST(Reactor, AfterARestartAnOrphanMayFailInEveryWay) {
  for (ErrorClass c : {ErrorClass::infrastructure, ErrorClass::out_of_memory, ErrorClass::diverged,
                       ErrorClass::bad_input, ErrorClass::protocol, ErrorClass::internal}) {
    Harness h;
    h.options.infrastructure_strikes = 1;
    h.submit({});
    h.start_all();
    h.restart();
    h.say(1, failed(h.grant(1), c));
    EXPECT_NE(h.state_of_run(1), RunState::orphaned) << to_string(c);
  }
}

TEST(Reactor, AfterARestartAResultWhoseAckWasLostIsNotAskedForAgain) {
  Harness h;
  h.submit({.runs = 2});
  h.start_all();
  const Grant first = h.grant(1);
  h.act(2, Action::cancel);
  h.say(1, Done{first, {}});
  h.restart();
  h.connect(1, {first});
  const Step step = h.say(1, Done{first, {}});
  EXPECT_EQ(step.actions, Lines{"ack wk_1 3"});
  EXPECT_EQ(step.changes, Lines{"wk_1 idle"});
}

TEST(Reactor, AfterARestartARunCancelledBeforeItIsPutDownBeforeAnotherIsGiven) {
  Harness h;
  h.submit({.runs = 2});
  h.start_all();
  h.act(1, Action::cancel);
  h.restart();
  EXPECT_EQ(h.connect(1, {h.grant(1)}).actions, (Lines{"welcome wk_1", "cancel wk_1 run_1/f_1"}));
  EXPECT_EQ(h.say(1, Stopped{h.grant(1)}).actions, (Lines{"ack wk_1 2", "start wk_1 run_2/f_2"}));
}

}  // namespace
}  // namespace sweetspot::daemon
