// What a worker left in its attempt's directory, checked against what it declared.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "schemas/metrics.h"
#include "schemas/result.h"

namespace sweetspot::daemon {

struct ArtifactFile {
  std::string name;
  std::int64_t size = 0;
  std::string sha256;
};

// Reads <attempt>/utterances.jsonl. Errors, all with code result_unverified: another SHA-256 or line count
// than declared, an unreadable line, an alignment that disagrees with its counts, sums that are not the
// declared ones.
Result<std::vector<UtteranceResult>> read_verified_utterances(const std::filesystem::path& attempt,
                                                              const RunResult& declared);

// Every regular file but the log, which still grows.
Result<std::vector<ArtifactFile>> list_artifacts(const std::filesystem::path& attempt);

// Whether it went on from checkpoints: "" no, "bit-exact", or "not bit-exact: " and what differed.
std::string resumption_of(const std::filesystem::path& attempt);

}  // namespace sweetspot::daemon
