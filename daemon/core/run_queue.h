// The runs that may be picked, best first: by priority of their sweep, then its age, then place in the grid;
// and within a sweep by what they need, so that the best one of a kind is found without looking at the
// others.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "daemon/core/workload.h"
#include "schemas/ids.h"

namespace sweetspot::daemon {

struct QueuedRun {
  std::int64_t position = 0;
  RunId run;
  auto operator<=>(const QueuedRun&) const = default;
};
using QueuedRuns = std::set<QueuedRun>;

class RunQueue {
 public:
  // Runs of one affinity; those that may be trained together stand once more under what they share.
  struct Line {
    QueuedRuns runs;
    std::map<std::string, QueuedRuns> packs;
  };
  struct SweepRuns {
    std::map<std::string, Line> lines;  // by affinity
    std::size_t size = 0;
  };
  enum class Company { others, none };

  void insert(int priority, SweepId sweep, QueuedRun run, const Workload& workload, Company company);
  void erase(int priority, SweepId sweep, QueuedRun run, const Workload& workload);
  void erase(SweepId sweep);  // whatever its priority was
  bool contains(int priority, SweepId sweep, QueuedRun run, const Workload& workload) const;

  bool empty() const { return sweeps_.empty(); }
  std::size_t size() const;
  const SweepRuns& first_sweep() const { return sweeps_.begin()->second; }

 private:
  struct SweepKey {
    int negative_priority;
    SweepId sweep;
    auto operator<=>(const SweepKey&) const = default;
  };
  std::map<SweepKey, SweepRuns> sweeps_;  // nothing in it is empty
};

}  // namespace sweetspot::daemon
