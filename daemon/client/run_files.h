// What `sweetspot export --out` writes of runs: utterances, for us and for other tools, and curves.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "daemon/client/api.h"

namespace sweetspot::daemon {

// A file written whole, in a folder that is made where it is missing. Errors: not_written.
Status write_file(const std::filesystem::path& file, const std::string& text);

// Writes below `directory`, and returns what it wrote; a run is called ENCODER-L8-da-lora-run_17:
//   utterances.jsonl, .csv          of every run that succeeded, a line each
//   nemo/RUN.test.json              as NeMo's tools write predictions
//   trn/RUN.ref.trn, .hyp.trn       for sclite
//   tensorboard/**/events.out.tfevents.*   of every run that was begun here, in a folder each
Result<std::vector<std::filesystem::path>, Failure> write_run_files(Api& api, const nlohmann::json& sweep,
                                                                    const nlohmann::json& runs,
                                                                    const std::filesystem::path& directory);

}  // namespace sweetspot::daemon
