#include "worker/model/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "schemas/model_directory.h"

namespace sweetspot::worker {

namespace {
namespace fs = std::filesystem;

Error mismatch(const fs::path& path, const std::string& what) {
  return {"weights_mismatch", path.string() + ": " + what,
          "the weights do not belong to this config.json, or to another kind of model", ""};
}

// A file may begin its tensors anywhere.
bool is_aligned(const torch::Tensor& tensor) {
  return reinterpret_cast<std::uintptr_t>(tensor.data_ptr()) % tensor.element_size() == 0;
}
}  // namespace

Result<Weights> Weights::open(const fs::path& path) {
  Weights weights;
  weights.path_ = path;
  auto files = fs::is_directory(path) ? weight_files(path) : Result<std::vector<fs::path>>(std::vector{path});
  if (!files) return files.error();
  for (const fs::path& file : *files) {
    if (file.extension() != ".safetensors") return pickled_weights(file);
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
