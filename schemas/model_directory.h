// Where a model lies: a directory, or a hub id looked up in the Hugging Face cache of this machine
// ($HF_HUB_CACHE, else $HF_HOME/hub, else ~/.cache/huggingface/hub). Daemon and worker look in the same
// places.
#pragma once

#include <filesystem>
#include <string>

#include "schemas/result.h"

namespace sweetspot {

std::filesystem::path hub_cache();

// The directory that holds config.json and the weights. Errors: model_missing, naming what was looked for.
Result<std::filesystem::path> model_directory(const std::string& model);

}  // namespace sweetspot
