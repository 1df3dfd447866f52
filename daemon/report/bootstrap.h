// Confidence intervals by the bootstrap over utterances (Bisani and Ney, "Bootstrap estimates for confidence
// intervals in ASR performance evaluation", ICASSP 2004).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/report/evidence.h"

namespace sweetspot::daemon {

struct BootstrapOptions {
  int resamples = 10'000;
  int threads = 2;
};

// The WER of each of these runs, which share one test set, in each resample of its U utterances (U draws with
// replacement). Which utterances are drawn follows from the test set and the number of the resample alone, so
// a run that is added later is paired with those that were there. Gives [runs][resamples].
std::vector<std::vector<double>> resample(std::span<const Evidence* const> runs,
                                          const BootstrapOptions& options = {});

// The central 95 % of what was resampled.
struct Interval {
  double low = 0, high = 0;
  bool excludes(double value) const { return value < low || value > high; }
};
std::optional<Interval> interval(std::vector<double> resampled);

// Of a sum of WERs, each with its sign: {{+1, a}, {-1, b}} is the paired difference of a and b. nullopt where
// one has no resamples or they are not of one test set.
using SignedRun = std::pair<double, const Evidence*>;
std::optional<Interval> interval_of_sum(std::initializer_list<SignedRun> runs);

// Of how much b's WER is above a's, relative to a's: b / a - 1.
std::optional<Interval> interval_of_change(const Evidence* a, const Evidence* b);

// How many utterances of each kind are in each resample of a test set with so many of each: drawing U
// utterances with replacement draws each kind as often as a multinomial distribution says, so shares of
// utterances need no utterance. Gives [resamples][kinds]; follows from the numbers and the test set alone.
using Kinds = std::array<std::int64_t, 4>;
std::vector<Kinds> resample_kinds(const Kinds& counts, const std::string& test_set,
                                  const BootstrapOptions& options = {});

}  // namespace sweetspot::daemon
