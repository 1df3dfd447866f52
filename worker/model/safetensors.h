// The safetensors file format: an 8-byte little-endian header length, a JSON header, then the tensors' bytes.
// Files come from outside, so everything in the header is checked before a byte of data is looked at.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "schemas/result.h"

namespace sweetspot::worker {

struct TensorEntry {
  torch::ScalarType dtype = torch::kFloat32;  // F32, F16 or BF16
  std::vector<std::int64_t> shape;
  std::size_t begin = 0, end = 0;  // bytes, relative to the first tensor's
};

// A mapped file. Tensors are views of the mapping and keep it alive.
class SafetensorsFile {
 public:
  // Errors: weights_missing (no such file), weights_invalid (header too long, not JSON, unknown dtype, a
  // shape that disagrees with its bytes, tensors that overlap, leave holes or end beyond the file).
  static Result<SafetensorsFile> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, TensorEntry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  // The tensor as it is in the file, on the CPU; read only. The name must be one of entries().
  torch::Tensor view(const std::string& name) const;

 private:
  std::filesystem::path path_;
  std::shared_ptr<const char> mapping_;  // the whole file
  std::size_t data_ = 0;                 // where the first tensor's bytes are
  std::map<std::string, TensorEntry> entries_;
  std::map<std::string, std::string> metadata_;
};

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

// Writes tensors (float32, float16 or bfloat16, on any device) in the order given: to a temporary file,
// fsynced, then renamed. Errors: unwritable()'s.
Status write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                         const std::map<std::string, std::string>& metadata = {});

}  // namespace sweetspot::worker
