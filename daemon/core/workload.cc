#include "daemon/core/workload.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "schemas/json_text.h"
#include "schemas/sha256.h"

namespace sweetspot::daemon {

std::string affinity_of(const Cell& cell) {
  const nlohmann::json document = to_json(cell);
  return sha256_hex(dump_json({document["encoder"], document["llm"], document["corpus"]})).substr(0, 16);
}

// One step for several cells needs the same clips in the same order, on the same frozen models. Depth,
// adapter, projector, learning rate and epochs may differ. Migration 0008 writes the same text.
Workload workload_of(const Cell& cell, std::string affinity) {
  std::string pack = fmt::format("{}:{}:{}:{}:{}:{}:{}", affinity, cell.recipe, cell.language, cell.seed,
                                 cell.train.batch, int(cell.train.shuffle), cell.train.precision);
  return {.affinity = std::move(affinity), .pack = std::move(pack), .epochs = cell.train.epochs};
}

WorkloadPtr Workloads::of(Workload workload) {
  return *known_.insert(std::make_shared<const Workload>(std::move(workload))).first;
}

}  // namespace sweetspot::daemon
