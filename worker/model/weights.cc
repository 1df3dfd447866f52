#include "worker/model/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "worker/model/model_config.h"

namespace sweetspot::worker {

namespace {
namespace fs = std::filesystem;

Error mismatch(const fs::path& path, const std::string& what) {
  return {"weights_mismatch", path.string() + ": " + what,
          "the weights do not belong to this config.json, or to another kind of model", ""};
}

// Names the pickled weights in a directory that has no safetensors.
Error no_safetensors(const fs::path& directory) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const auto extension = entry.path().extension();
    if (extension == ".pt" || extension == ".pth" || extension == ".bin")
      return {"weights_unsupported",
              entry.path().string() + ": pickled weights can run code and are not read",
              "convert once with transformers: save_pretrained(..., safe_serialization=True)", ""};
  }
  return {"weights_missing", directory.string() + ": no model.safetensors",
          "give a directory with model.safetensors or model.safetensors.index.json", ""};
}

// A file may begin its tensors anywhere.
bool is_aligned(const torch::Tensor& tensor) {
  return reinterpret_cast<std::uintptr_t>(tensor.data_ptr()) % tensor.element_size() == 0;
}

// The weight files of a model directory.
Result<std::vector<fs::path>> weight_files(const fs::path& directory) {
  const fs::path index = directory / "model.safetensors.index.json";
  if (fs::exists(directory / "model.safetensors")) return std::vector{directory / "model.safetensors"};
  if (!fs::exists(index)) return no_safetensors(directory);
  const auto document = read_json_file(index);
  if (!document) return document.error();
  std::set<fs::path> shards;
  try {
    for (const auto& [name, shard] : document->at("weight_map").items()) {
      const fs::path file = shard.get<std::string>();
      if (file != file.filename())
        return mismatch(index, "shard '" + file.string() + "' is not a plain file name");
      shards.insert(directory / file);
    }
  } catch (const nlohmann::json::exception& error) {
    return mismatch(index, error.what());
  }
  return std::vector<fs::path>(shards.begin(), shards.end());
}
}  // namespace

Result<Weights> Weights::open(const fs::path& path) {
  Weights weights;
  weights.path_ = path;
  auto files = fs::is_directory(path) ? weight_files(path) : Result<std::vector<fs::path>>(std::vector{path});
  if (!files) return files.error();
  for (const fs::path& file : *files) {
    if (file.extension() != ".safetensors")
      return Error{"weights_unsupported", file.string() + ": only .safetensors files are read",
                   "convert it once with transformers: save_pretrained(..., safe_serialization=True)", ""};
    auto opened = SafetensorsFile::open(file);
    if (!opened) return opened.error();
    for (const auto& [name, entry] : opened->entries())
      if (!weights.file_of_.emplace(name, weights.files_.size()).second)
        return mismatch(path, "tensor '" + name + "' is in two files");
    weights.files_.push_back(std::move(*opened));
  }
  return weights;
}

bool Weights::all_are(torch::ScalarType dtype) const {
  return std::all_of(files_.begin(), files_.end(), [&](const SafetensorsFile& file) {
    return std::all_of(file.entries().begin(), file.entries().end(),
                       [&](const auto& entry) { return entry.second.dtype == dtype; });
  });
}

Result<torch::Tensor> Weights::tensor(const std::string& name, torch::IntArrayRef shape) const {
  const auto found = file_of_.find(name);
  if (found == file_of_.end()) return mismatch(path_, "tensor '" + name + "' is missing");
  const SafetensorsFile& file = files_[found->second];
  const auto& actual = file.entries().at(name).shape;
  if (shape != torch::IntArrayRef(actual))
    return mismatch(file.path(), fmt::format("tensor '{}' is [{}], expected [{}]", name,
                                             fmt::join(actual, ", "), fmt::join(shape.vec(), ", ")));
  return file.view(name);
}

std::string Weights::prefix_of(std::initializer_list<std::string_view> prefixes,
                               std::string_view name) const {
  for (const std::string_view prefix : prefixes)
    if (contains(std::string(prefix) + std::string(name))) return std::string(prefix);
  return std::string(*prefixes.begin());
}

Status load_parameters(torch::nn::Module& module, const Weights& weights, const std::string& prefix,
                       const Placement& placement, Access access) {
  const torch::NoGradGuard no_grad;
  for (auto& parameter : module.named_parameters()) {
    const auto tensor = weights.tensor(prefix + parameter.key(), parameter.value().sizes());
    if (!tensor) return tensor.error();
    parameter.value().set_data(tensor->to(placement.device, placement.dtype, false,
                                          access == Access::write || !is_aligned(*tensor)));
  }
  return success();
}

NamedTensors named_tensors(const torch::nn::Module& module, const std::string& prefix,
                           torch::ScalarType dtype) {
  NamedTensors tensors;
  for (const auto& parameter : module.named_parameters())
    tensors.emplace_back(prefix + parameter.key(), parameter.value().detach().to(dtype));
  return tensors;
}

std::int64_t parameter_count(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

}  // namespace sweetspot::worker
