#include "tests/daemon/core/simulation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "tests/chances.h"

namespace sweetspot::daemon {
namespace {

// Histories of faults, five hundred or more. Each must come to rest with every run ended, none succeeded twice, and
// memory and store of one mind after each step. What happened is printed: a history without faults would
// prove nothing.
TEST(Simulation, EveryHistoryEndsWell) {
  std::map<std::string, int> happened;
  std::chrono::duration<double> lived{0};
  int broken = 0;
  const auto began = std::chrono::steady_clock::now();
  const int seeds = times(500);
  for (int seed = 1; seed <= seeds; ++seed) {
    Simulation simulation{unsigned(seed)};
    try {
      simulation.disturb(400);
      simulation.settle();
    } catch (const std::exception& e) {
      ++broken;
      ADD_FAILURE() << "seed " << seed << ": " << e.what();
    }
    lived += simulation.lived();
    for (const auto& [what, times] : simulation.happened) happened[what] += times;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  int ended = 0;
  for (const char* how : {"succeeded", "failed", "quarantined", "cancelled"})
    ended += happened[std::string("ended ") + how];
  std::cout << broken << " of " << ended << " lifecycles of runs (seeds 1 to " << seeds << ", 400 steps each, "
            << int(lived.count() / took.count()) << " times as fast as life) broke an invariant:\n";
  for (const auto& [what, times] : happened) std::cout << "  " << times << " x " << what << '\n';
  for (const char* what : {"submit",
                           "launch",
                           "launch failed",
                           "crash of a worker",
                           "stall of a worker",
                           "worker told to end",
                           "attempt ended: handed_back",
                           "broken connection",
                           "restart of the daemon",
                           "crash between commit and action",
                           "reconnect with grants",
                           "sent to nobody",
                           "kill",
                           "exit not obeyed",
                           "result",
                           "result rejected",
                           "cancel",
                           "cancel a sweep",
                           "retry",
                           "retry a sweep",
                           "pause",
                           "resume",
                           "drain",
                           "pack of several",
                           "failure: infrastructure",
                           "failure: out_of_memory",
                           "failure: bad_input",
                           "became quarantined",
                           "attempt ended: worker_lost_it",
                           "attempt ended: worker_lost",
                           "ended succeeded",
                           "ended failed",
                           "ended cancelled"}) {
    EXPECT_GT(happened[what], 0) << what;
  }
}

}  // namespace
}  // namespace sweetspot::daemon
