#include "daemon/http/evidence.h"

#include <algorithm>
#include <thread>

#include "daemon/report/bootstrap.h"

namespace sweetspot::daemon {
namespace {

Evidence evidence_of(TestSplitRow split) {
  Evidence evidence{.test_set = std::move(split.references_sha256),
                    .words = std::move(split.words),
                    .errors = std::move(split.errors)};
  if (split.audio_seconds > 0 && split.evaluate_seconds > 0)
    evidence.real_time_factor = split.evaluate_seconds / split.audio_seconds;
  return evidence;
}

std::size_t bytes_of(const Evidence& evidence) {
  return sizeof evidence + 2 * (evidence.words.size() + evidence.errors.size()) +
         sizeof(double) * evidence.resampled.size();
}

// Runs over one test set are resampled together: each draw is made once for all of them.
void resample_all(std::map<RunId, Evidence>& fresh) {
  std::map<std::string, std::vector<Evidence*>> by_test_set;
  for (auto& [run, evidence] : fresh)
    if (!evidence.words.empty()) by_test_set[evidence.test_set].push_back(&evidence);
  const int threads = std::clamp(int(std::thread::hardware_concurrency()), 1, 4);
  for (const auto& [test_set, runs] : by_test_set) {
    auto resampled = resample({runs.begin(), runs.end()}, {.threads = threads});
    for (std::size_t i = 0; i < runs.size(); ++i) runs[i]->resampled = std::move(resampled[i]);
  }
}

}  // namespace

// The runs that nobody knows and nobody else is at: while it lives, this thread is.
class EvidenceCache::Claim {
 public:
  Claim(EvidenceCache& cache, const std::vector<CellResult>& wanted) : cache_(cache) {
    const std::lock_guard lock(cache_.mutex_);
    for (const CellResult& cell : wanted)
      if (cell.words && !cache_.known_.contains(cell.run) && cache_.being_made_.insert(cell.run).second)
        cells.push_back(&cell);
  }
  Claim(const Claim&) = delete;
  ~Claim() {
    const std::lock_guard lock(cache_.mutex_);
    for (const CellResult* cell : cells) cache_.being_made_.erase(cell->run);
    cache_.claim_ended_.notify_all();
  }
  std::vector<const CellResult*> cells;

 private:
  EvidenceCache& cache_;
};

Status EvidenceCache::fill(Reader& reader, std::vector<CellResult>& cells) {
  do {
    const Claim claim(*this, cells);
    auto made = make(reader, claim.cells);
    if (!made) return made.error();
    keep(*std::move(made));
  } while (!take_known(cells));
  return success();
}

Result<EvidenceCache::Made> EvidenceCache::make(Reader& reader,
                                                const std::vector<const CellResult*>& cells) const {
  Made made;
  std::map<RunId, Evidence> fresh;
  std::map<RunId, std::string> results;
  for (const CellResult* cell : cells) {
    if (auto kept = files_.read(cell->run, cell->result)) {
      made[cell->run] = std::make_shared<const Evidence>(*std::move(kept));
      continue;
    }
    auto split = reader.test_split(cell->run);
    if (!split) return split.error();
    fresh.emplace(cell->run, evidence_of(*std::move(split)));
    results.emplace(cell->run, cell->result);
  }
  resample_all(fresh);
  for (auto& [run, evidence] : fresh) {
    files_.write(run, results.at(run), evidence);
    made[run] = std::make_shared<const Evidence>(std::move(evidence));
  }
  return made;
}

// What is no longer known is read again from its file when it is asked for.
void EvidenceCache::keep(Made made) {
  const std::lock_guard lock(mutex_);
  if (bytes_ > kMostBytes) known_.clear(), bytes_ = 0;
  for (auto& [run, evidence] : made) {
    bytes_ += bytes_of(*evidence);
    known_[run] = std::move(evidence);
  }
}

// Waits until no other thread is at any of these runs. False: one of them failed there, or was forgotten.
bool EvidenceCache::take_known(std::vector<CellResult>& cells) {
  std::unique_lock lock(mutex_);
  claim_ended_.wait(lock, [&] {
    return std::none_of(cells.begin(), cells.end(),
                        [&](const CellResult& cell) { return being_made_.contains(cell.run); });
  });
  for (CellResult& cell : cells) {
    if (!cell.words || cell.evidence) continue;
    const auto known = known_.find(cell.run);
    if (known == known_.end()) return false;
    cell.evidence = known->second;
  }
  return true;
}

}  // namespace sweetspot::daemon
