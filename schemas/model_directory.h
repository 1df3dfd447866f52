// Where a model lies and which files hold its weights: an absolute directory, or a hub id (with @revision)
// looked up in the Hugging Face cache of this machine. Only safetensors are read: pickled weights can run
// code.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "schemas/hub_cache.h"
#include "schemas/result.h"

namespace sweetspot {

// The directory that holds config.json and the weights. Errors: model_missing, naming what was looked for;
// model_name_invalid; weights_unsupported for a checkpoint of openai-whisper.
Result<std::filesystem::path> model_directory(const std::string& model);

// model.safetensors, or every shard that model.safetensors.index.json lists, in the order of their names.
// Errors: weights_missing (naming every shard that is not there), weights_unsupported (pickled weights
// alone), weights_mismatch (an index that makes no sense).
Result<std::vector<std::filesystem::path>> weight_files(const std::filesystem::path& directory);

// What to do about a file of pickled weights (.pt, .pth, .bin).
Error pickled_weights(const std::filesystem::path& file);

}  // namespace sweetspot
