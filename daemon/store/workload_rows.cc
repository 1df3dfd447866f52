#include "daemon/store/workload_rows.h"

namespace sweetspot::daemon {

Result<std::int64_t> WorkloadRows::id_of(const WorkloadPtr& workload) {
  if (const auto known = known_.find(workload); known != known_.end()) return known->second;
  const Workload& w = *workload;
  Status stored = database_.run(
      "INSERT OR IGNORE INTO workload (affinity, pack, epochs, cpu_shared, cpu_own, gpu_shared, gpu_own)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)",
      w.affinity, w.pack, w.epochs, w.cpu.shared, w.cpu.own, w.gpu.shared, w.gpu.own);
  if (!stored) return stored.error();
  if (database_.changes() == 1) return known_[workload] = database_.last_insert_id();
  auto id = database_.one<std::int64_t>(
      "SELECT id FROM workload WHERE (affinity, pack, epochs, cpu_shared, cpu_own, gpu_shared, gpu_own)"
      " = (?, ?, ?, ?, ?, ?, ?)",
      w.affinity, w.pack, w.epochs, w.cpu.shared, w.cpu.own, w.gpu.shared, w.gpu.own);
  if (!id) return id.error();
  return known_[workload] = id->value();
}

Result<std::unordered_map<std::int64_t, WorkloadPtr>> load_workloads(Database& database) {
  std::unordered_map<std::int64_t, WorkloadPtr> workloads;
  Status loaded = database.each(
      "SELECT id, affinity, pack, epochs, cpu_shared, cpu_own, gpu_shared, gpu_own FROM workload",
      [&](const Row& row) {
        workloads[row.get<std::int64_t>(0)] = std::make_shared<const Workload>(
            Workload{.affinity = row.get<std::string>(1),
                     .pack = row.get<std::string>(2),
                     .epochs = row.get<int>(3),
                     .cpu = {row.get<std::int64_t>(4), row.get<std::int64_t>(5)},
                     .gpu = {row.get<std::int64_t>(6), row.get<std::int64_t>(7)}});
      });
  if (!loaded) return loaded.error();
  return workloads;
}

}  // namespace sweetspot::daemon
