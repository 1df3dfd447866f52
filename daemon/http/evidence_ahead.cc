#include "daemon/http/evidence_ahead.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

namespace sweetspot::daemon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPause{1};  // commits come ten times a second while runs train
constexpr int kPauseShare =
    20;  // times what the look took: of a hundred thousand finished runs, the list takes its time to read
constexpr int kNice = 10;            // runs and people come first
constexpr std::size_t kAtATime = 8;  // runs between two looks at whether to stop

}  // namespace

EvidenceAhead::EvidenceAhead(Reader reader, EvidenceCache& cache)
    : reader_(std::move(reader)),
      cache_(cache),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

EvidenceAhead::~EvidenceAhead() = default;

void EvidenceAhead::notify() {
  const std::lock_guard lock(mutex_);
  news_ = true;
  woken_.notify_all();
}

void EvidenceAhead::work(const std::stop_token& stop) try {
  ::setpriority(PRIO_PROCESS, 0, kNice);  // on Linux of this thread and those that it starts
  if (const auto finished = reader_.finished_runs()) {
    std::vector<RunId> runs;
    for (const FinishedRun& one : *finished) runs.push_back(one.run);
    cache_.files().keep_only(runs);
  }
  while (wait_for_news(stop)) fill_new(stop);
} catch (const std::exception& error) {  // out of memory: tables are then computed when they are asked for
  fmt::print(stderr, "tables are no longer computed ahead: {}\n", error.what());
}

bool EvidenceAhead::wait_for_news(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!woken_.wait(lock, stop, [this] { return news_; })) return false;
  woken_.wait_for(lock, stop, std::max<std::chrono::milliseconds>(kPause, pause_), [] { return false; });
  news_ = false;
  return !stop.stop_requested();
}

// What fails here fails again, and is told, when a table is asked for.
void EvidenceAhead::fill_new(const std::stop_token& stop) {
  const std::vector<CellResult> wanted = list_new();
  for (std::size_t begin = 0; begin < wanted.size() && !stop.stop_requested(); begin += kAtATime) {
    const auto first = wanted.begin() + std::ptrdiff_t(begin);
    std::vector<CellResult> some(first, first + std::ptrdiff_t(std::min(kAtATime, wanted.size() - begin)));
    if (Status filled = cache_.fill(reader_, some); !filled) return;
  }
}

// Of each only what the evidence is made of.
std::vector<CellResult> EvidenceAhead::list_new() {
  const auto began = Clock::now();
  std::vector<CellResult> fresh;
  const auto finished = reader_.finished_runs();
  if (!finished) return fresh;
  for (const auto& [run, result] : *finished) {
    if (seen_.contains(run)) continue;
    if (cache_.files().has(run)) seen_.insert(run);
    else fresh.push_back({.run = run, .words = EditCounts{}, .result = result});
  }
  pause_ = std::chrono::duration_cast<std::chrono::milliseconds>(kPauseShare * (Clock::now() - began));
  return fresh;
}

}  // namespace sweetspot::daemon
