// The weights of one model by their Hugging Face names, whatever files they are spread over, and their way
// into modules and back.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"
#include "worker/model/safetensors.h"

namespace sweetspot::worker {

class Weights {
 public:
  // A model directory (model.safetensors, or the shards that model.safetensors.index.json lists) or one
  // .safetensors file. Errors: SafetensorsFile::open's, and weights_unsupported for pickled weights (.pt,
  // .bin), which are never read.
  static Result<Weights> open(const std::filesystem::path& path);

  bool contains(const std::string& name) const { return file_of_.contains(name); }
  bool all_are(torch::ScalarType dtype) const;

  // The tensor of that name and shape, read only. Errors: weights_mismatch, naming file, tensor, expected and
  // actual shape.
  Result<torch::Tensor> tensor(const std::string& name, torch::IntArrayRef shape) const;

  // The first of the prefixes under which `name` is found ("model.encoder." or "encoder."); if none, the
  // first.
  std::string prefix_of(std::initializer_list<std::string_view> prefixes, std::string_view name) const;

 private:
  std::filesystem::path path_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, std::size_t> file_of_;  // tensor -> files_
};

// Where tensors live and as what.
struct Placement {
  torch::Device device = torch::kCPU;
  torch::ScalarType dtype = torch::kFloat32;
};

// Whether parameters are copies, to be trained, or read only: then those that are in the file as they should
// be stay there, mapped, and cost no memory that the system cannot take back.
enum class Access { write, read };

// Fills every parameter of the module with the tensor named prefix + its name. The parameter's own storage is
// replaced, never written.
Status load_parameters(torch::nn::Module& module, const Weights& weights, const std::string& prefix,
                       const Placement& placement, Access access = Access::write);

// The module's parameters under prefix + name, converted to dtype.
NamedTensors named_tensors(const torch::nn::Module& module, const std::string& prefix,
                           torch::ScalarType dtype);

std::int64_t parameter_count(const torch::nn::Module& module);

}  // namespace sweetspot::worker
