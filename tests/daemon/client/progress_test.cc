#include "daemon/client/progress.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "daemon/client/watch.h"

namespace sweetspot::daemon {
namespace {

using std::chrono::seconds;
using Clock = ProgressPace::Clock;

TEST(ProgressLine, SaysWhatIsDoneAndWhatIsLeft) {
  SweepProgress progress{
      .name = "first", .total = 18, .succeeded = 8, .failed = 1, .running = 2, .share = 0.5};
  progress.eta = seconds(200);
  EXPECT_EQ(progress_line(progress, 200),
            "first [############............] 9/18 done, 1 failed, 2 running, about 3 min 20 s left");
}

TEST(ProgressLine, LeavesOutWhatThereIsNot) {
  SweepProgress progress{.name = "first", .total = 2, .succeeded = 2, .share = 1};
  progress.eta = seconds(7);
  EXPECT_EQ(progress_line(progress, 200), "first [########################] 2/2 done");
}

TEST(ProgressLine, FitsTheTerminal) {
  const SweepProgress progress{.name = "a-rather-long-name", .total = 18, .running = 2};
  EXPECT_EQ(progress_line(progress, 40).size(), 40u);
}

TEST(ShowDuration, UsesTheUnitsThatMatter) {
  EXPECT_EQ(show_duration(seconds(45)), "45 s");
  EXPECT_EQ(show_duration(seconds(200)), "3 min 20 s");
  EXPECT_EQ(show_duration(seconds(7500)), "2 h 05 min");
  EXPECT_EQ(show_duration(seconds(-1)), "0 s");
}

TEST(EstimateRemaining, ExtrapolatesWhatWasSeen) {
  EXPECT_EQ(estimate_remaining(0.5, 0.75, seconds(60)), seconds(60));
  EXPECT_EQ(estimate_remaining(0, 0.25, seconds(100)), seconds(300));
}

TEST(EstimateRemaining, SaysNothingTooEarly) {
  EXPECT_FALSE(estimate_remaining(0.5, 0.5, seconds(60)));
  EXPECT_FALSE(estimate_remaining(0, 0.5, seconds(1)));
}

SweepProgress at(double share) {
  return {.name = "s", .total = 100, .succeeded = int(share * 100), .share = share};
}

TEST(ProgressPace, IsDueEveryTenthOfTheWork) {
  ProgressPace pace;
  const auto now = Clock::now();
  EXPECT_TRUE(pace.due(at(0), now));
  EXPECT_FALSE(pace.due(at(0.09), now));
  EXPECT_TRUE(pace.due(at(0.11), now));
  EXPECT_FALSE(pace.due(at(0.15), now));
  EXPECT_TRUE(pace.due(at(0.95), now));
  EXPECT_TRUE(pace.due(at(1), now));
  EXPECT_FALSE(pace.due(at(1), now));
}

TEST(ProgressPace, IsDueAfterHalfAMinuteOfSilence) {
  ProgressPace pace;
  const auto now = Clock::now();
  EXPECT_TRUE(pace.due(at(0), now));
  EXPECT_FALSE(pace.due(at(0), now + seconds(29)));
  EXPECT_TRUE(pace.due(at(0), now + seconds(30)));
  EXPECT_FALSE(pace.due(at(0), now + seconds(31)));
}

nlohmann::json sweep_of(int queued, int running, int succeeded, int failed, int cancelled) {
  return {{"name", "s"},
          {"counts",
           {{"total", queued + running + succeeded + failed + cancelled},
            {"queued", queued},
            {"leased", 0},
            {"running", running},
            {"retry_wait", 0},
            {"paused", 0},
            {"orphaned", 0},
            {"succeeded", succeeded},
            {"failed", failed},
            {"quarantined", 0},
            {"cancelled", cancelled}}},
          {"eta_seconds", nullptr}};
}

TEST(ProgressOf, CountsRunsUnderWayInPart) {
  const auto runs = nlohmann::json::parse(R"([{"id": "run_1", "phase": "training", "step": 50, "steps": 100},
                                              {"id": "run_2", "phase": "loading", "step": 1, "steps": 2}])");
  TrainedShares trained;
  const auto progress = progress_of(sweep_of(1, 2, 1, 0, 0), runs, trained);
  EXPECT_DOUBLE_EQ(progress.share, 1.5 / 4);
  EXPECT_EQ(progress.running, 2);
  EXPECT_FALSE(progress.finished());
  EXPECT_FALSE(progress.eta);
}

TEST(ProgressOf, DoesNotFallBackWhileARunValidates) {
  auto share = [trained = TrainedShares()](const char* phase, int step, int steps) mutable {
    const nlohmann::json run = {{"id", "run_1"}, {"phase", phase}, {"step", step}, {"steps", steps}};
    return progress_of(sweep_of(0, 1, 0, 0, 0), nlohmann::json::array({run}), trained).share;
  };
  EXPECT_EQ(share("encoding", 9, 10), 0);
  EXPECT_EQ(share("training", 30, 40), 0.75);
  EXPECT_EQ(share("validating", 1, 10), 0.75);
  EXPECT_EQ(share("evaluating", 0, 10), 1);
  EXPECT_EQ(share("loading", 0, 10), 0) << "an attempt that begins anew";
}

TEST(ProgressOf, SaysThatTheSweepIsPaused) {
  auto sweep = sweep_of(2, 0, 1, 0, 0);
  TrainedShares trained;
  EXPECT_FALSE(progress_of(sweep, nlohmann::json::array(), trained).paused);
  sweep["state"] = "paused";
  const auto progress = progress_of(sweep, nlohmann::json::array(), trained);
  EXPECT_TRUE(progress.paused);
  EXPECT_TRUE(progress_line(progress, 200).ends_with("1/3 done, paused"));
}

TEST(ProgressOf, IsFinishedWhenNoRunIsLeftToDo) {
  TrainedShares none;
  const auto progress = progress_of(sweep_of(0, 0, 2, 1, 1), nlohmann::json::array(), none);
  EXPECT_TRUE(progress.finished());
  EXPECT_EQ(progress.failed, 2);
}

}  // namespace
}  // namespace sweetspot::daemon
