// How the cells of runs are stored: what cells of a sweep have in common once, in the table `cell_base`. A run of an
// earlier version, and an imported one, has its cell whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "daemon/store/sqlite.h"
#include "schemas/cell.h"
#include "schemas/ids.h"

namespace sweetspot::daemon {

// The bases of one sweep while it is inserted.
class CellBases {
 public:
  CellBases(Database& database, SweepId sweep) : database_(database), sweep_(sweep) {}
  // Its number, with a row made if it has none.
  Result<std::int64_t> number_of(const std::shared_ptr<const Cell>& base);

 private:
  Database& database_;
  SweepId sweep_;
  std::unordered_map<std::shared_ptr<const Cell>, std::int64_t> known_;
};

// The only two who read a run's cell. nullopt: there is no such run.
Result<std::optional<Cell>> load_cell(Database& database, RunId run);
// Its canonical JSON; of an imported run what was said of it.
Result<std::optional<std::string>> load_cell_text(Database& database, RunId run);

}  // namespace sweetspot::daemon
