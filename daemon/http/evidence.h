// What tables need of every utterance of every finished run, kept from one request to the next. A run's
// result never changes once it is stored and its id is never given again, so what was computed stays true; a
// run that ends costs its own part only.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "daemon/report/report.h"
#include "daemon/store/queries.h"

namespace sweetspot::daemon {

class EvidenceCache {
 public:
  // Sets `evidence` of every cell that has a result with utterances. Any thread; one at a time works, so that
  // what two requests need is computed once.
  Status fill(Reader& reader, std::vector<CellResult>& cells);

 private:
  using Shared = std::shared_ptr<const Evidence>;
  Status load(Reader& reader, const std::vector<CellResult>& cells);
  void resample_new(const std::vector<CellResult>& cells);
  void forget_when_large();

  static constexpr std::size_t kMostUtterances = 32'000'000;  // some 4 bytes each

  std::mutex mutex_;
  std::map<RunId, Shared> known_;
  std::size_t utterances_ = 0;  // in known_
};

}  // namespace sweetspot::daemon
