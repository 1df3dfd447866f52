// The table `workload`: what runs ask of a worker, kept once however many ask it.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "daemon/core/workload.h"
#include "daemon/store/sqlite.h"

namespace sweetspot::daemon {

class WorkloadRows {
 public:
  explicit WorkloadRows(Database& database) : database_(database) {}
  // Its row, made if there is none.
  Result<std::int64_t> id_of(const WorkloadPtr& workload);

 private:
  Database& database_;
  std::unordered_map<WorkloadPtr, std::int64_t> known_;
};

Result<std::unordered_map<std::int64_t, WorkloadPtr>> load_workloads(Database& database);

}  // namespace sweetspot::daemon
