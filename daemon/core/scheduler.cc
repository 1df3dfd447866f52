#include "daemon/core/scheduler.h"

#include <algorithm>
#include <cstdlib>

namespace sweetspot::daemon {

namespace {
using Line = RunQueue::Line;

// A bound on how many are compared keeps a pick cheap in a sweep of 100,000 cells.
constexpr std::ptrdiff_t kCompared = 256;
// Without knowing their size: a few small projectors beside one frozen LLM.
constexpr std::size_t kUnweighedPack = 4;
// A CPU gains nothing from more (worker/recipe/pack.cc), and a small pack shows its results sooner.
constexpr std::size_t kPackOnCpu = 4;

std::set<std::string> warm_elsewhere(const State& state, const Worker& worker) {
  std::set<std::string> warm;
  for (const auto& [id, other] : state.workers)
    if (id != worker.id) warm.insert(other.warm);
  return warm;
}

const Line& line_for(const State& state, const Worker& worker) {
  const auto& lines = state.queue.first_sweep().lines;
  if (const auto warm = lines.find(worker.warm); warm != lines.end()) return warm->second;
  const auto elsewhere = warm_elsewhere(state, worker);
  const auto rank = [&](const auto& entry) {
    return std::pair(elsewhere.contains(entry.first), *entry.second.runs.begin());
  };
  return std::ranges::min_element(lines, {}, rank)->second;
}

int epochs_left(const Run& run) { return std::max(0, run.workload->epochs - run.epochs); }

// Of the run of its device that will take longest; 0: it is free.
int epochs_left(const State& state, const Device& device) {
  int left = 0;
  if (!device.worker) return left;
  for (const auto& [id, fence] : state.workers.at(*device.worker).runs) {
    const auto run = state.runs.find(id);
    const bool is_current = run != state.runs.end() && run->second.fence == fence;
    if (is_current && holder_of(run->second.status)) left = std::max(left, epochs_left(run->second));
  }
  return left;
}

// What is left of the sweep, shared out among the devices that take new work and have nothing else to do, or
// will not have before half of `due` is done.
std::size_t fair_share(const State& state, const Run& due) {
  const auto serving = std::size_t(std::ranges::count_if(state.devices, [&](const auto& entry) {
    const Device& device = entry.second;
    return !device.drained && device.failed_launches == 0 &&
           2 * epochs_left(state, device) <= epochs_left(due);
  }));
  const std::size_t devices = std::max<std::size_t>(1, serving);
  return (state.queue.first_sweep().size + devices - 1) / devices;
}

// Those that may be trained with the first of them, itself in front: nearest in the epochs that are left,
// then in the grid.
std::vector<const Run*> company_of(const State& state, const QueuedRuns& alike) {
  std::vector<const Run*> company;
  for (auto at = alike.begin(); at != alike.end() && std::ssize(company) < kCompared; ++at)
    company.push_back(&state.runs.at(at->run));
  const int due = epochs_left(*company.front());
  std::ranges::stable_sort(company, {}, [&](const Run* run) { return std::abs(epochs_left(*run) - due); });
  return company;
}

bool is_cpu(const std::string& device) { return device.starts_with("cpu"); }

// The memory of a device, filled by a pack. A tenth is left free.
class Room {
 public:
  explicit Room(const Device& device)
      : is_cpu_(is_cpu(device.name)),
        bytes_(device.memory.value_or(0) / 10 * 9),
        weighed_(device.memory.has_value()) {}

  // false: it does not fit any more. The first always does: alone is the least that a run can be.
  bool takes(const Workload& workload) {
    const Footprint& need = is_cpu_ ? workload.cpu : workload.gpu;
    weighed_ = weighed_ && need.own > 0;
    const std::int64_t shared = std::max(shared_, need.shared);
    const bool fits = weighed_ ? shared + own_ + need.own <= bytes_ : count_ < kUnweighedPack;
    if (count_ > 0 && !fits) return false;
    ++count_, shared_ = shared, own_ += need.own;
    return true;
  }

 private:
  const bool is_cpu_;
  const std::int64_t bytes_;
  bool weighed_;  // so far
  std::size_t count_ = 0;
  std::int64_t shared_ = 0, own_ = 0;
};
}  // namespace

std::vector<RunId> pick_pack(const State& state, const Worker& worker, std::size_t most) {
  if (state.queue.empty()) return {};
  const Line& line = line_for(state, worker);
  const QueuedRun due = *line.runs.begin();
  const Run& first = state.runs.at(due.run);
  const auto alike = line.packs.find(first.workload->pack);
  if (most <= 1 || alike == line.packs.end() || *alike->second.begin() != due) return {due.run};

  most = std::min(most, fair_share(state, first));
  if (is_cpu(worker.device)) most = std::min(most, kPackOnCpu);
  Room room(state.devices.at(worker.device));
  std::vector<QueuedRun> pack;
  for (const Run* run : company_of(state, alike->second)) {
    if (pack.size() >= most) break;
    if (room.takes(*run->workload)) pack.push_back({run->position, run->id});
  }
  std::ranges::sort(pack);
  std::vector<RunId> runs;
  for (const QueuedRun& run : pack) runs.push_back(run.run);
  return runs;
}

}  // namespace sweetspot::daemon
