// Who is given up, when, and what is held against a run.
#include "tests/daemon/core/harness.h"

#include <iostream>

#include "tests/chances.h"

namespace sweetspot::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Beats for so long and says nothing else; the last tick's step.
Step only_beat(Harness& h, std::int64_t worker, std::chrono::seconds time) {
  Step step;
  for (auto passed = 0s; passed < time; passed += 10s) {
    h.say(worker, Heartbeat{});
    step = h.after(10s);
  }
  return step;
}

TEST(Reactor, AWorkerThatBeatsAndGetsNowhereIsKilled) {
  Harness h;
  h.options.stall_timeout = 600s;
  h.submit({});
  h.start_all();
  EXPECT_EQ(only_beat(h, 1, 600s).actions, Lines{});
  EXPECT_EQ(only_beat(h, 1, 10s).actions, Lines{"kill wk_1: it beats, but got nowhere for 600 s"});
  h.end(1, KilledBy{9});
  EXPECT_EQ(h.run(1).reason.code, "worker_stalled");
  EXPECT_THAT(h.run(1).reason.text, HasSubstr("got nowhere for 600 s"));
  EXPECT_EQ(h.run(1).strikes.infrastructure, 1);
}

TEST(Reactor, EverySignOfProgressBuysTime) {
  Harness h;
  h.options.stall_timeout = 600s;
  h.submit({});
  h.start_all();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(only_beat(h, 1, 500s).actions, Lines{});
    if (i % 2) h.say(1, Progress{.grant = h.grant(1), .phase = "training", .step = i});
    else h.say(1, EpochDone{.grant = h.grant(1), .metrics = {.epoch = i}});
  }
  EXPECT_EQ(h.state_of_run(1), RunState::running);
}

TEST(Reactor, AnIdleWorkerIsNotStalled) {
  Harness h;
  h.options.stall_timeout = 600s, h.options.idle_timeout = 24h;
  h.submit({});
  h.start_all();
  h.say(1, failed(h.grant(1), ErrorClass::bad_input));
  EXPECT_EQ(only_beat(h, 1, 3600s).actions, Lines{});
}

// A daemon that was stopped for a minute has heard nobody, and nobody is to be blamed for it.
TEST(Reactor, ADaemonThatSleptListensBeforeItGivesAnybodyUp) {
  Harness h;
  h.submit({});
  h.start_all();
  h.after(500ms);
  h.now += 60s;
  EXPECT_EQ(h.step(Tick{}).actions, Lines{});
  h.say(1, Heartbeat{});
  EXPECT_EQ(h.after(14s).actions, Lines{}) << "it was there all the time";
  EXPECT_EQ(h.after(2s).actions, Lines{"kill wk_1: nothing was heard of it for 15 s"});
}

TEST(Reactor, StrikesOfOneClassAreNotThoseOfAnother) {
  Harness h;
  h.options.idle_timeout = 24h;
  h.submit({});
  h.start_all();
  const auto again = [&](ErrorClass error_class) {
    h.say(1, failed(h.grant(1), error_class));
    for (int i = 0; i < 12'000 && h.state_of_run(1) == RunState::retry_wait; ++i) {
      h.say(1, Heartbeat{});
      h.after(100ms);
    }
  };
  for (int i = 0; i < 4; ++i) again(ErrorClass::infrastructure);
  again(ErrorClass::out_of_memory);
  again(ErrorClass::protocol);
  EXPECT_EQ(h.state_of_run(1), RunState::leased) << "a fifth death is what ends it";
  EXPECT_EQ(h.run(1).strikes, (Strikes{4, 1, 1}));
  again(ErrorClass::protocol);
  EXPECT_EQ(h.state_of_run(1), RunState::failed) << "or a second lie";
}

// Five unrelated faults in three weeks must not end a run that gets on.
TEST(Reactor, ANewEpochForgivesDeathsAndOneToldAgainDoesNot) {
  Harness h;
  h.submit({});
  for (int epoch = 1; epoch <= 8; ++epoch) {
    for (int i = 0; i < 12'000 && h.state_of_run(1) != RunState::running; ++i) {
      h.after(100ms);
      h.start_all();
    }
    for (int told = 1; told <= std::min(epoch, 4); ++told)
      h.say(h.state.workers.rbegin()->first.value,
            EpochDone{.grant = h.grant(1), .metrics = {.epoch = told}});
    if (h.state_of_run(1) != RunState::running) break;
    h.end(h.state.workers.rbegin()->first.value);
    EXPECT_EQ(h.run(1).strikes.infrastructure, epoch <= 4 ? 1 : epoch - 3) << "death " << epoch;
  }
  EXPECT_EQ(h.state_of_run(1), RunState::quarantined) << "it got nowhere new five times";
}

// What a worker says of the hundred attempts before the newest one, whatever it says.
TEST(Reactor, NoneOfAHundredOldFencesChangesAnything) {
  const int fences = times(100);
  Harness h;
  h.options.infrastructure_strikes = 10 * fences, h.options.idle_timeout = 240h;
  h.submit({});
  h.start_all();
  for (int i = 0; i < fences; ++i) {
    h.say(1, failed(h.grant(1), ErrorClass::infrastructure));
    while (h.state_of_run(1) == RunState::retry_wait) h.say(1, Heartbeat{}), h.after(10s);
  }
  int accepted = 0, said = 0;
  for (std::int64_t fence = 1; fence <= fences; ++fence) {
    const Grant old{RunId{1}, Fence{fence}};
    const WorkerMessage messages[] = {Started{old},
                                      Progress{.grant = old},
                                      EpochDone{.grant = old},
                                      Done{.grant = old},
                                      failed(old, ErrorClass::bad_input),
                                      Stopped{old}};
    for (const WorkerMessage& message : messages) accepted += !h.say(1, message).changes.empty(), ++said;
  }
  std::cout << accepted << " of " << said << " messages under old fences were accepted\n";
  EXPECT_EQ(accepted, 0);
  EXPECT_EQ(h.run(1).fence, Fence{fences + 1});
}

// Its acknowledgement and the next grant of the same run were lost together.
TEST(Reactor, AWorkerMayComeBackWithAnOlderGrantOfTheRunItWasGivenAgain) {
  Harness h;
  h.options.idle_timeout = 24h;
  h.submit({});
  h.start_all();
  const Grant old = h.grant(1);
  h.say(1, failed(old, ErrorClass::infrastructure));
  while (h.state_of_run(1) == RunState::retry_wait) h.say(1, Heartbeat{}), h.after(1s);
  ASSERT_EQ(h.grant(1).fence, Fence{2});
  const Step step = h.connect(1, {old});
  EXPECT_EQ(step.actions, (Lines{"welcome wk_1", "cancel wk_1 run_1/f_1"}));
  EXPECT_EQ(step.changes, (Lines{"f_2 ended worker_lost_it", "run_1 queued", "wk_1 busy"}));
  h.say(1, Stopped{old});
  EXPECT_EQ(h.grant(1).fence, Fence{3});
}

TEST(Reactor, WhatIsHandedBackIsQueuedWithoutBlameAndItsWorkerGetsNothingMore) {
  Harness h({"cpu:0", "cpu:1"});
  h.submit({.runs = 3});
  h.start_all();
  const Step step = h.say(1, Stopped{h.grant(1)});
  EXPECT_EQ(step.changes, (Lines{"wk_1 idle", "f_1 ended handed_back", "run_1 queued"}));
  EXPECT_EQ(step.actions, Lines{"ack wk_1 2"});
  EXPECT_EQ(h.run(1).strikes, Strikes{});
  h.say(1, Heartbeat{});
  EXPECT_EQ(h.after(1s).actions, Lines{}) << "it is about to end";
  EXPECT_EQ(h.end(1, ExitedWith{0}).actions, Lines{"launch wk_3 on cpu:0"});
}

}  // namespace
}  // namespace sweetspot::daemon
