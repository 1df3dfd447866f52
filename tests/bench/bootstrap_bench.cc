// How long the intervals of a sweep take: 10,000 resamples of a test split of 16,000 utterances for 204 runs,
// and for the one run that ends next.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <random>

#include "daemon/report/bootstrap.h"

namespace {

using namespace sweetspot::daemon;

Evidence made_up_run(unsigned seed) {
  std::mt19937 random(seed);
  std::binomial_distribution<int> words(20, 0.5), errors(10, 0.2);
  Evidence run{.test_set = "bench"};
  for (int u = 0; u < 16'000; ++u) {
    run.words.push_back(std::uint16_t(words(random)));
    run.errors.push_back(std::uint16_t(errors(random)));
  }
  return run;
}

double seconds_for(std::span<const Evidence* const> runs, int threads) {
  const auto begun = std::chrono::steady_clock::now();
  const std::clock_t cpu_begun = std::clock();
  const auto rates = resample(runs, {.threads = threads});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const double cpu = double(std::clock() - cpu_begun) / CLOCKS_PER_SEC;  // of all threads
  const auto range = interval(rates[0]);
  std::printf("%3zu runs, %d threads  %6.2f s, %6.2f s of processor   (first run: %.4f to %.4f)\n",
              runs.size(), threads, took.count(), cpu, range->low, range->high);
  return took.count();
}

}  // namespace

int main() {
  std::vector<Evidence> runs;
  for (unsigned i = 0; i < 204; ++i) runs.push_back(made_up_run(i));
  std::vector<const Evidence*> all;
  for (const Evidence& run : runs) all.push_back(&run);
  const double alone = seconds_for({all.data(), 1}, 2), together = seconds_for(all, 2);
  std::printf("204 runs together cost %.1f times one run\n", together / alone);
}
