#include "daemon/report/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace sweetspot::daemon {
namespace {

// Ten words an utterance, each wrong with probability `share`; `shift` more errors in each tenth utterance.
Evidence made_up(std::size_t utterances, double share, unsigned seed = 1, int shift = 0) {
  std::mt19937 random(seed);
  std::binomial_distribution<int> errors(10, share);
  Evidence evidence{.test_set = "set"};
  for (std::size_t u = 0; u < utterances; ++u) {
    evidence.words.push_back(10);
    evidence.errors.push_back(std::uint16_t(errors(random) + (u % 10 == 0 ? shift : 0)));
  }
  return evidence;
}

double rate_of(const Evidence& evidence) {
  double errors = 0;
  for (auto e : evidence.errors) errors += e;
  return errors / (10.0 * double(evidence.errors.size()));
}

Evidence resampled(Evidence evidence, int threads = 1) {
  const Evidence* run = &evidence;
  evidence.resampled = resample({&run, 1}, {.resamples = 4000, .threads = threads})[0];
  return evidence;
}

TEST(Bootstrap, GivesTheIntervalThatStatisticsPredicts) {
  const Evidence run = resampled(made_up(2000, 0.2));
  const auto range = interval(run.resampled);
  ASSERT_TRUE(range);
  const double half = 1.96 * std::sqrt(0.2 * 0.8 / 20'000);  // words are independent here
  EXPECT_NEAR(range->low, rate_of(run) - half, half / 8);
  EXPECT_NEAR(range->high, rate_of(run) + half, half / 8);
}

TEST(Bootstrap, GivesTheSameNumbersHoweverManyThreadsAndRuns) {
  const Evidence a = made_up(500, 0.2, 1), b = made_up(500, 0.3, 2);
  const Evidence* both[] = {&a, &b};
  const auto together = resample(both, {.resamples = 300, .threads = 3});
  const Evidence* alone = &b;
  EXPECT_EQ(resample({&alone, 1}, {.resamples = 300, .threads = 1})[0], together[1])
      << "a run that comes later must be paired with those that were there";
}

TEST(Bootstrap, PairingSeesADifferenceThatSeparateIntervalsHide) {
  const Evidence a = resampled(made_up(1000, 0.2)), b = resampled(made_up(1000, 0.2, 1, 1));
  const auto range = interval_of_sum({{1, &b}, {-1, &a}});
  ASSERT_TRUE(range);
  EXPECT_TRUE(range->excludes(0));
  EXPECT_NEAR((range->low + range->high) / 2, 0.01, 0.001);
  EXPECT_GT(interval(a.resampled)->high, interval(b.resampled)->low) << "their own intervals overlap";
}

TEST(Bootstrap, NoDifferenceIsNotSignificant) {
  const Evidence a = resampled(made_up(1000, 0.2, 1)), b = resampled(made_up(1000, 0.2, 2));
  EXPECT_FALSE(interval_of_sum({{1, &b}, {-1, &a}})->excludes(rate_of(b) - rate_of(a)));
}

TEST(Bootstrap, RunsOfDifferentTestSetsHaveNoInterval) {
  const Evidence a = resampled(made_up(100, 0.2));
  Evidence b = a;
  b.test_set = "another";
  EXPECT_FALSE(interval_of_sum({{1, &a}, {-1, &b}}));
  EXPECT_FALSE(interval_of_sum({{1, &a}, {-1, nullptr}}));
  EXPECT_FALSE(interval_of_change(&a, &b));
}

TEST(Bootstrap, ARelativeChangeIsPairedAsWell) {
  const Evidence a = resampled(made_up(100, 0.5));
  Evidence doubled = made_up(100, 0.5);
  for (auto& errors : doubled.errors) errors = std::uint16_t(2 * errors);
  doubled = resampled(doubled);
  const auto range = interval_of_change(&a, &doubled);
  ASSERT_TRUE(range);
  EXPECT_NEAR(range->low, 1.0, 1e-12);
  EXPECT_NEAR(range->high, 1.0, 1e-12);
}

TEST(Bootstrap, WithoutAnyWordInsertionsCountAsTheyAre) {
  Evidence evidence{.test_set = "empty", .words = {0, 0}, .errors = {2, 2}};
  EXPECT_DOUBLE_EQ(interval(resampled(evidence).resampled)->low, 4.0);
}

}  // namespace
}  // namespace sweetspot::daemon
