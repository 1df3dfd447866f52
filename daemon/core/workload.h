// What a run asks of a worker. Many cells of a sweep ask the same, so each of these is kept once.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "schemas/cell.h"

namespace sweetspot::daemon {

// Bytes: what the cells of a pack have in common (the frozen models, the features), and what each adds.
// 0: not known.
struct Footprint {
  std::int64_t shared = 0, own = 0;
  auto operator<=>(const Footprint&) const = default;
};

struct Workload {
  std::string affinity;  // equal for cells that can share a worker's loaded encoder, LLM and features
  std::string pack;      // equal for cells that can be trained in one step; empty: only alone
  int epochs = 0;        // at most
  Footprint cpu, gpu;
  auto operator<=>(const Workload&) const = default;
};
using WorkloadPtr = std::shared_ptr<const Workload>;  // never null
inline const WorkloadPtr kNoWorkload = std::make_shared<const Workload>();

// What a worker must load to do the cell.
std::string affinity_of(const Cell& cell);

// All but the memory, which takes the models' shapes.
Workload workload_of(const Cell& cell, std::string affinity);
inline Workload workload_of(const Cell& cell) { return workload_of(cell, affinity_of(cell)); }

// Equal ones become one.
class Workloads {
 public:
  WorkloadPtr of(Workload workload);

 private:
  struct ByValue {
    bool operator()(const WorkloadPtr& a, const WorkloadPtr& b) const { return *a < *b; }
  };
  std::set<WorkloadPtr, ByValue> known_;
};

}  // namespace sweetspot::daemon
