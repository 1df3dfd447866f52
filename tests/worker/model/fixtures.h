// What the tests of models share: the fixtures of data/, comparisons, and a directory that goes away.
#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "worker/model/qwen2.h"
#include "worker/model/safetensors.h"

namespace sweetspot::worker {

inline const std::filesystem::path kData = MODEL_TEST_DATA;
// Of itself torch draws other numbers in each process.
inline const bool kSeeded = (torch::manual_seed(1), true);

inline torch::Tensor expected(const std::string& name) {
  static const SafetensorsFile file = *SafetensorsFile::open(kData / "expected.safetensors");
  return file.view(name);
}

inline void expect_close(const torch::Tensor& actual, const torch::Tensor& wanted, double tolerance = 1e-5) {
  ASSERT_EQ(actual.sizes(), wanted.sizes());
  EXPECT_LE((actual - wanted).abs().max().item<double>(), tolerance);
}

inline Qwen2 tiny_llm() { return *load_qwen2(kData / "qwen2", {}); }

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "sweetspot-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace sweetspot::worker
