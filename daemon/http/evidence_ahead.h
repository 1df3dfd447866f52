// Reads and resamples what has just ended, so that nobody who asks for a table waits for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "daemon/http/evidence.h"

namespace sweetspot::daemon {

class EvidenceAhead {
 public:
  // `cache` must outlive it. Begins with the runs that ended before.
  EvidenceAhead(Reader reader, EvidenceCache& cache);
  ~EvidenceAhead();  // after at most a few runs more

  void notify();  // something was committed; any thread

 private:
  void work(const std::stop_token& stop);
  bool wait_for_news(const std::stop_token& stop);
  void fill_new(const std::stop_token& stop);
  std::vector<CellResult> list_new();

  Reader reader_;
  EvidenceCache& cache_;
  std::set<RunId> seen_;                // with a file
  std::chrono::milliseconds pause_{0};  // at least, between two looks at what has ended
  std::mutex mutex_;
  std::condition_variable_any woken_;
  bool news_ = true;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace sweetspot::daemon
