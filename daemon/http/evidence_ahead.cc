#include "daemon/http/evidence_ahead.h"

#include <fmt/format.h>

#include <cstdio>

#include "daemon/http/sweep_results.h"

namespace sweetspot::daemon {
namespace {

constexpr std::chrono::seconds kPause{1};  // commits come ten times a second while runs train
constexpr std::size_t kAtATime = 8;        // runs between two looks at whether to stop

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
  if (const auto finished = reader_.finished_runs()) {
    std::vector<RunId> runs;
    for (const auto& [sweep, run] : *finished) runs.push_back(run);
    cache_.files().keep_only(runs);
  }
  while (wait_for_news(stop)) fill_new(stop);
} catch (const std::exception& error) {  // out of memory: tables are then computed when they are asked for
  fmt::print(stderr, "tables are no longer computed ahead: {}\n", error.what());
}

bool EvidenceAhead::wait_for_news(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!woken_.wait(lock, stop, [this] { return news_; })) return false;
  woken_.wait_for(lock, stop, kPause, [] { return false; });
  news_ = false;
  return !stop.stop_requested();
}

// What fails here fails again, and is told, when a table is asked for.
void EvidenceAhead::fill_new(const std::stop_token& stop) {
  const auto finished = reader_.finished_runs();
  if (!finished) return;
  std::map<SweepId, std::set<RunId>> wanted;
  for (const auto& [sweep, run] : *finished)
    if (!seen_.contains(run) && !cache_.files().has(run)) wanted[sweep].insert(run);
    else seen_.insert(run);
  for (const auto& [sweep, runs] : wanted) {
    auto cells = cells_of(reader_, sweep);
    if (!cells) return;
    std::erase_if(*cells, [&](const CellResult& cell) { return !runs.contains(cell.run); });
    for (std::size_t begin = 0; begin < cells->size() && !stop.stop_requested(); begin += kAtATime) {
      const auto first = cells->begin() + std::ptrdiff_t(begin);
      std::vector<CellResult> some(first, first + std::ptrdiff_t(std::min(kAtATime, cells->size() - begin)));
      if (Status filled = cache_.fill(reader_, some); !filled) return;
    }
  }
}

}  // namespace sweetspot::daemon
