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

}  // namespace

Status EvidenceCache::fill(Reader& reader, std::vector<CellResult>& cells) {
  const std::lock_guard lock(mutex_);
  forget_when_large();
  if (Status loaded = load(reader, cells); !loaded) return loaded;
  resample_new(cells);
  for (CellResult& cell : cells)
    if (cell.words) cell.evidence = known_.at(cell.run);
  return success();
}

Status EvidenceCache::load(Reader& reader, const std::vector<CellResult>& cells) {
  for (const CellResult& cell : cells) {
    if (!cell.words || known_.contains(cell.run)) continue;
    auto split = reader.test_split(cell.run);
    if (!split) return split.error();
    utterances_ += split->words.size();
    known_[cell.run] = std::make_shared<const Evidence>(evidence_of(*std::move(split)));
  }
  return success();
}

// Runs over one test set are resampled together: each draw is made once for all of them.
void EvidenceCache::resample_new(const std::vector<CellResult>& cells) {
  std::map<std::string, std::vector<Shared*>> by_test_set;
  for (const CellResult& cell : cells) {
    if (!cell.words) continue;
    Shared& run = known_.at(cell.run);
    if (run->resampled.empty() && !run->words.empty()) by_test_set[run->test_set].push_back(&run);
  }
  const int threads = std::clamp(int(std::thread::hardware_concurrency()), 1, 4);
  for (auto& [test_set, runs] : by_test_set) {
    std::vector<const Evidence*> together;
    for (const Shared* run : runs) together.push_back(run->get());
    auto resampled = resample(together, {.threads = threads});
    for (std::size_t i = 0; i < runs.size(); ++i) {
      Evidence complete = **runs[i];
      complete.resampled = std::move(resampled[i]);
      *runs[i] = std::make_shared<const Evidence>(std::move(complete));
    }
  }
}

void EvidenceCache::forget_when_large() {
  if (utterances_ <= kMostUtterances) return;
  known_.clear();
  utterances_ = 0;
}

}  // namespace sweetspot::daemon
