#include "daemon/core/run_queue.h"

namespace sweetspot::daemon {

void RunQueue::insert(int priority, SweepId sweep, QueuedRun run, const Workload& workload, Company company) {
  SweepRuns& runs = sweeps_[{-priority, sweep}];
  Line& line = runs.lines[workload.affinity];
  if (!line.runs.insert(run).second) return;
  ++runs.size;
  if (company == Company::others && !workload.pack.empty()) line.packs[workload.pack].insert(run);
}

void RunQueue::erase(int priority, SweepId sweep, QueuedRun run, const Workload& workload) {
  const auto runs = sweeps_.find({-priority, sweep});
  if (runs == sweeps_.end()) return;
  const auto line = runs->second.lines.find(workload.affinity);
  if (line == runs->second.lines.end() || line->second.runs.erase(run) == 0) return;
  --runs->second.size;
  const auto pack = line->second.packs.find(workload.pack);
  if (pack != line->second.packs.end() && pack->second.erase(run) > 0 && pack->second.empty())
    line->second.packs.erase(pack);
  if (line->second.runs.empty()) runs->second.lines.erase(line);
  if (runs->second.size == 0) sweeps_.erase(runs);
}

void RunQueue::erase(SweepId sweep) {
  std::erase_if(sweeps_, [&](const auto& entry) { return entry.first.sweep == sweep; });
}

bool RunQueue::contains(int priority, SweepId sweep, QueuedRun run, const Workload& workload) const {
  const auto runs = sweeps_.find({-priority, sweep});
  if (runs == sweeps_.end()) return false;
  const auto line = runs->second.lines.find(workload.affinity);
  return line != runs->second.lines.end() && line->second.runs.contains(run);
}

std::size_t RunQueue::size() const {
  std::size_t size = 0;
  for (const auto& [key, runs] : sweeps_) size += runs.size;
  return size;
}

}  // namespace sweetspot::daemon
