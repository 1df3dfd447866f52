// The daemon's program killed at random instants: while it starts, takes over, answers, commits or waits.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <future>
#include <iostream>
#include <optional>
#include <random>

#include "tests/faults/spoiled.h"
#include "tests/process/world.h"

namespace sweetspot::faults {
namespace {

using process::DaemonProcess;
using process::World;
constexpr int kCells = 24, kUtterances = 3;

struct Losses {
  int lost = 0, doubled = 0, stuck = 0;
  bool none() const { return lost + doubled + stuck == 0; }
};

// One state directory, one daemon after another on it, and what anybody has been told.
class Kills {
 public:
  Kills(unsigned seed, int every_so_often) : random_(seed), worker_dies_one_in_(every_so_often) {
    world_.write_script(R"({"step_ms": 5, "utterances": 3})");
    EXPECT_NE(world_.start_daemon()->port(), 0);  // makes the database, which later ones need not
    const auto began = std::chrono::steady_clock::now();
    EXPECT_NE(world_.start_daemon()->port(), 0);
    start_ = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
    longest_life_ = std::max(longest_life_, 4 * start_);
  }

  void kill() {
    auto daemon = world_.start_daemon();
    std::future<int> answer;
    if (random_() % 8 == 0 || world_.succeeded() == kCells * acknowledged_) answer = submit(*daemon);
    // Some fall into a start and most do not, however fast the machine is.
    const auto life = random_() % 5 == 0 ? start_ : longest_life_;
    ::usleep(useconds_t(random_() % unsigned(life.count())));
    in_start_ += daemon->log().find("http://") == std::string::npos;
    look();
    if (worker_dies_one_in_ && random_() % worker_dies_one_in_ == 0) kill_worker();
    daemon->signal(SIGKILL);
    daemon->exit_code();
    if (answer.valid()) note(answer.get());
    ++kills_;
    for (const std::string& result : seen_)
      if (!holds(result)) ++losses_.lost, ADD_FAILURE() << "kill " << kills_ << " lost " << result;
  }

  // With nobody to help it.
  Losses finish() {
    auto daemon = world_.start_daemon();
    if (unanswered_) note(submit(*daemon).get());
    const auto ended = [&] { return world_.succeeded() == kCells * acknowledged_; };
    if (!World::wait_until(ended)) {
      losses_.stuck = int(kCells * acknowledged_ - world_.succeeded());
      ADD_FAILURE() << daemon->log();
    }
    losses_.lost += int(std::max<std::int64_t>(0, acknowledged_ - world_.count("sweep")));
    losses_.doubled += int(std::max<std::int64_t>(0, world_.count("sweep") - acknowledged_));
    losses_.doubled += int(std::abs(world_.count("result") - kCells * acknowledged_));
    losses_.doubled += world_.count("utterance") != kCells * acknowledged_ * kUtterances;
    if (!worker_dies_one_in_) losses_.doubled += int(trained_twice());
    EXPECT_EQ(world_.ask<std::string>("PRAGMA integrity_check"), "ok");
    return losses_;
  }

  int in_start() const { return in_start_; }
  int in_submit() const { return in_submit_; }
  std::size_t seen() const { return seen_.size(); }

 private:
  // Sent in the background, so that the kill may come before, while or after it is answered.
  std::future<int> submit(DaemonProcess& daemon) {
    const int port = daemon.port();
    unanswered_ = true;
    return std::async(std::launch::async, [this, port, key = "sweep-" + std::to_string(acknowledged_)] {
      return world_.submit(port, key);
    });
  }
  void note(int status) {
    if (status == 201) ++acknowledged_, unanswered_ = false;
    else ++in_submit_;
  }
  void look() {
    for (std::string& result : world_.list(kResults)) seen_.push_back(std::move(result));
    std::ranges::sort(seen_);
    seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
  }
  bool holds(const std::string& result) {
    if (stored_at_ != kills_)
      stored_ = world_.list(kResults), std::ranges::sort(stored_), stored_at_ = kills_;
    return std::ranges::binary_search(stored_, result);
  }
  void kill_worker() {
    const auto pid = world_.ask<pid_t>("SELECT pid FROM worker WHERE state <> 'gone' AND pid > 0 LIMIT 1");
    if (pid > 0) ::kill(pid, SIGKILL);
  }
  // A daemon that dies between a grant's commit and its sending costs a number, and no work.
  std::int64_t trained_twice() {
    std::int64_t twice = 0;
    for (const std::string work : {"epoch", "metric"})
      twice += world_.count("(SELECT run FROM " + work + " GROUP BY run HAVING count(DISTINCT fence) > 1)");
    return twice + world_.count("attempt WHERE outcome NOT IN ('succeeded', 'worker_lost_it')");
  }

  static constexpr const char* kResults = "SELECT run || ' by ' || fence || ': ' || sha256 FROM result";
  World world_;
  std::mt19937 random_;
  const unsigned worker_dies_one_in_;
  std::chrono::microseconds start_{}, longest_life_{250'000};
  std::int64_t acknowledged_ = 0;
  bool unanswered_ = false;
  int kills_ = 0, in_start_ = 0, in_submit_ = 0, stored_at_ = -1;
  std::vector<std::string> seen_, stored_;
  Losses losses_;
};

void kill_again_and_again(int kills, int rounds, int worker_dies_one_in) {
  Losses all;
  int in_start = 0, in_submit = 0;
  std::size_t seen = 0;
  for (int seed = 1; seed <= rounds; ++seed) {
    Kills world(unsigned(seed), worker_dies_one_in);
    for (int i = 0; i < kills; ++i) world.kill();
    const Losses losses = world.finish();
    EXPECT_TRUE(losses.none()) << "seed " << seed;
    all.lost += losses.lost, all.doubled += losses.doubled, all.stuck += losses.stuck;
    in_start += world.in_start(), in_submit += world.in_submit(), seen += world.seen();
  }
  std::cout << all.lost << " lost, " << all.doubled << " doubled, " << all.stuck << " stuck of "
            << kills * rounds << " kills of the daemon at random instants (seeds 1 to " << rounds << "; " << in_start
            << " kills fell into a start, " << in_submit << " cost a submission its answer, " << seen
            << " results had been seen before a kill)\n";
  EXPECT_GT(in_start, kills * rounds / 50);
  EXPECT_GT(seen, 0u);
}

TEST(DaemonKills, OfTheDaemonAloneCostNothingAndRepeatNothing) { kill_again_and_again(200, times(1), 0); }
TEST(DaemonKills, OfTheDaemonAndOfWorkersLoseNoResult) { kill_again_and_again(40, times(1), 3); }

}  // namespace
}  // namespace sweetspot::faults
