// What was computed of finished runs, kept from one start of the daemon to the next: <state>/evidence/run_17.
// Derived from the database alone, so that any of these files may be deleted at any time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daemon/report/evidence.h"
#include "schemas/ids.h"

namespace sweetspot::daemon {

class EvidenceFiles {
 public:
  explicit EvidenceFiles(const std::filesystem::path& state) : directory_(state / "evidence") {}

  // What was kept of the run with this result (its SHA-256). nullopt: nothing, of another result, written by
  // another version, or damaged.
  std::optional<Evidence> read(RunId run, const std::string& result) const;
  bool has(RunId run) const;

  // Whole or not at all. A disk that is full costs time at the next start, nothing else: no error.
  void write(RunId run, const std::string& result, const Evidence& evidence) const;

  void keep_only(const std::vector<RunId>& runs) const;  // forgets those of runs that were removed

 private:
  std::filesystem::path file_of(RunId run) const { return directory_ / to_string(run); }
  std::filesystem::path directory_;
};

}  // namespace sweetspot::daemon
