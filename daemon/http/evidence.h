// What tables need of every utterance of every finished run, kept from one request to the next and, in files,
// from one start to the next. A run's result never changes once it is stored and its id is never given again,
// so what was computed stays true; a run that ends costs its own part only.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "daemon/http/evidence_files.h"
#include "daemon/report/report.h"
#include "daemon/store/queries.h"

namespace sweetspot::daemon {

class EvidenceCache {
 public:
  explicit EvidenceCache(const std::filesystem::path& state) : files_(state) {}

  // Sets `evidence` of every cell that has a result with utterances. Any thread. Nothing is computed twice,
  // and nobody waits but for runs of its own that another thread is at.
  Status fill(Reader& reader, std::vector<CellResult>& cells);

  const EvidenceFiles& files() const { return files_; }

 private:
  using Shared = std::shared_ptr<const Evidence>;
  using Made = std::map<RunId, Shared>;
  class Claim;
  Result<Made> make(Reader& reader, const std::vector<const CellResult*>& cells) const;
  void keep(Made made);
  bool take_known(std::vector<CellResult>& cells);

  static constexpr std::size_t kMostBytes = std::size_t{256} << 20;

  const EvidenceFiles files_;
  std::mutex mutex_;  // over all below; never held while anything is read or computed
  std::condition_variable claim_ended_;
  std::map<RunId, Shared> known_;
  std::set<RunId> being_made_;
  std::size_t bytes_ = 0;  // of known_
};

}  // namespace sweetspot::daemon
