#include "daemon/report/bootstrap.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <thread>

namespace sweetspot::daemon {
namespace {

// SplitMix64 (Steele, Lea and Flood 2014): a stream for each resample of each test set.
class Draws {
 public:
  Draws(std::uint64_t test_set, std::uint64_t resample)
      : state_(test_set ^ (resample * 0xd1342543de82ef95u + 0x2545f4914f6cdd1du)) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

// Below n, from 32 random bits (Lemire 2019, without the rejection: n / 2^32 of a bias is nothing here).
std::size_t below(std::size_t n, std::uint64_t bits) { return (bits * n) >> 32; }

std::uint64_t seed_of(std::string_view test_set) {  // FNV-1a
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (unsigned char c : test_set) hash = (hash ^ c) * 0x100000001b3u;
  return hash;
}

using Row = std::vector<std::int16_t>;  // [U]

// 16 bits with a sign are what processors multiply and add fastest.
Row row_of(const std::vector<std::uint16_t>& counts) {
  Row row;
  for (std::uint16_t count : counts) row.push_back(std::int16_t(std::min<int>(count, INT16_MAX)));
  return row;
}

// How often each utterance was drawn. [U]
void draw(Draws draws, Row& times) {
  std::fill(times.begin(), times.end(), std::int16_t{0});
  for (std::size_t drawn = 0; drawn < times.size();) {
    const std::uint64_t bits = draws.next();
    for (const std::uint64_t half : {bits >> 32, bits & 0xffffffffu})
      if (drawn++ < times.size()) ++times[below(times.size(), half)];
  }
}

// Sums of 32 bits over stretches that cannot overflow them.
std::int64_t dot(const Row& a, const Row& b) {
  constexpr std::size_t kStretch = 16'384;
  std::int64_t total = 0;
  for (std::size_t begin = 0; begin < a.size(); begin += kStretch) {
    const std::size_t end = std::min(begin + kStretch, a.size());
    const std::int16_t *x = a.data(), *y = b.data();
    std::int32_t sum = 0;
    for (std::size_t u = begin; u < end; ++u) sum += std::int32_t(x[u]) * std::int32_t(y[u]);
    total += sum;
  }
  return total;
}

// Several resamples at a time, so that a row that was fetched is used for all of them.
constexpr int kTogether = 8;

}  // namespace

std::vector<std::vector<double>> resample(std::span<const Evidence* const> runs,
                                          const BootstrapOptions& options) {
  std::vector<std::vector<double>> rates(runs.size(), std::vector<double>(std::size_t(options.resamples)));
  if (runs.empty()) return rates;
  assert(std::ranges::all_of(runs, [&](const Evidence* run) { return run->test_set == runs[0]->test_set; }));
  const Row words = row_of(runs[0]->words);
  std::vector<Row> errors;  // [runs, U]
  for (const Evidence* run : runs) errors.push_back(row_of(run->errors));
  const std::uint64_t seed = seed_of(runs[0]->test_set);
  std::atomic<int> next = 0;
  const auto work = [&] {
    std::vector<Row> times(kTogether, Row(words.size()));
    for (int first; (first = next.fetch_add(kTogether)) < options.resamples;) {
      const int count = std::min(kTogether, options.resamples - first);
      std::array<double, kTogether> total{};  // reference words; without any, insertions count as they are
      for (int k = 0; k < count; ++k) {
        draw(Draws(seed, std::uint64_t(first + k)), times[std::size_t(k)]);
        total[std::size_t(k)] = double(std::max<std::int64_t>(1, dot(times[std::size_t(k)], words)));
      }
      for (std::size_t r = 0; r < errors.size(); ++r)
        for (std::size_t k = 0; k < std::size_t(count); ++k)
          rates[r][std::size_t(first) + k] = double(dot(times[k], errors[r])) / total[k];
    }
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < options.threads; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();  // joins
  return rates;
}

std::optional<Interval> interval(std::vector<double> resampled) {
  if (resampled.empty()) return std::nullopt;
  const auto at = [&](double share) {
    const auto rank = std::size_t(std::lround(share * double(resampled.size() - 1)));
    std::nth_element(resampled.begin(), resampled.begin() + std::ptrdiff_t(rank), resampled.end());
    return resampled[rank];
  };
  const double low = at(0.025);
  return Interval{low, at(0.975)};
}

std::optional<Interval> interval_of_sum(std::initializer_list<SignedRun> runs) {
  const Evidence* first = runs.begin()->second;
  if (!first) return std::nullopt;
  std::vector<double> sums(first->resampled.size());
  for (const auto& [sign, run] : runs) {
    if (!run || run->test_set != first->test_set || run->resampled.size() != sums.size()) return std::nullopt;
    for (std::size_t b = 0; b < sums.size(); ++b) sums[b] += sign * run->resampled[b];
  }
  return interval(std::move(sums));
}

// Kind by kind: of the utterances that are left, those of this kind are binomially distributed.
std::vector<Kinds> resample_kinds(const Kinds& counts, const std::string& test_set,
                                  const BootstrapOptions& options) {
  const std::int64_t all = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  std::vector<Kinds> resamples(std::size_t(all ? options.resamples : 0));
  std::mt19937_64 random(seed_of(test_set));
  for (Kinds& drawn : resamples) {
    std::int64_t left = all, others = all;  // to be drawn; of this kind and those after it, in the test set
    for (std::size_t k = 0; k < counts.size(); ++k) {
      const double share = others ? double(counts[k]) / double(others) : 0;
      drawn[k] = share <= 0   ? 0
                 : share >= 1 ? left
                              : std::binomial_distribution<std::int64_t>(left, share)(random);
      left -= drawn[k], others -= counts[k];
    }
  }
  return resamples;
}

std::optional<Interval> interval_of_change(const Evidence* a, const Evidence* b) {
  if (!a || !b || a->test_set != b->test_set || a->resampled.size() != b->resampled.size())
    return std::nullopt;
  std::vector<double> changes(a->resampled.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (a->resampled[i] == 0) return std::nullopt;
    changes[i] = b->resampled[i] / a->resampled[i] - 1;
  }
  return interval(std::move(changes));
}

}  // namespace sweetspot::daemon
