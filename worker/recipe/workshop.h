// What the cells of one worker share: the frozen language model, the encoder, the corpora and the encoder's
// features. It outlives a pack, so the next cell finds warm what it has in common with the last.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "schemas/cell.h"
#include "schemas/feature_cache.h"
#include "schemas/result.h"
#include "worker/corpus/corpus.h"
#include "worker/model/slam_asr.h"
#include "worker/train/features.h"
#include "worker/train/resume_point.h"

namespace sweetspot::worker {

enum class Precision { fp32, bf16 };
std::string_view to_string(Precision precision);

struct WorkshopOptions {
  torch::Device device = torch::kCPU;
  std::size_t feature_bytes = kFeatureCacheBytes;  // for encoder features, in the device's memory
  ResumePointOptions checkpoints;
  FeatureStoreOptions store;  // for more features, on disk
  // Batches that one search goes over: see beam_search. By default what pays on the device: a GPU's pass
  // takes the same time with few rows, and joining them costs a CPU 5 to 9 % (nano models, batches of 8 and
  // 32).
  std::optional<std::size_t> batches_a_search;
};

class Workshop {
 public:
  explicit Workshop(WorkshopOptions options) : options_(options), features_(options.feature_bytes) {
    if (options.store.cap > 0 && !options.store.directory.empty()) store_.emplace(options.store);
  }

  torch::Device device() const { return options_.device; }
  const ResumePointOptions& checkpoints() const { return options_.checkpoints; }
  std::size_t batches_a_search() const {
    return options_.batches_a_search.value_or(options_.device.is_cuda() ? 4 : 1);
  }
  // bf16 where it is asked for and pays: on GPUs, and on CPUs that have instructions for it if the language
  // model's weights are stored so; they are then used where they lie in the file.
  Precision precision(const Cell& cell) const;

  // The three things a cell needs, loaded at the first request. One language model and one encoder (with as
  // many layers as were ever asked for) are kept at a time, corpora all. Errors: those of loading.
  Result<std::shared_ptr<const SlamAsr>> slam_asr(const std::string& llm, Precision precision);
  Result<std::shared_ptr<SpeechEncoder>> encoder(const std::string& encoder, int layers, Precision precision);
  Result<std::shared_ptr<const Corpus>> corpus(const CorpusSpec& spec);

  // Depths of an encoder that other workers will want: with a store, a pass gives those, too.
  void expect(const std::string& encoder, std::span<const int> depths);

 private:
  Placement placement(Precision precision) const;

  WorkshopOptions options_;
  FeatureCache features_;
  std::optional<FeatureStore> store_;
  std::pair<std::string, std::shared_ptr<const SlamAsr>> llm_;
  std::pair<std::string, std::shared_ptr<SpeechEncoder>> encoder_;
  std::map<std::string, std::vector<int>> expected_;  // depths, of each encoder, in ascending order
  std::map<std::string, std::shared_ptr<const Corpus>> corpora_;
};

// While it lives, operations compute in bfloat16 where that is safe, as torch.autocast does.
class Autocast {
 public:
  explicit Autocast(Precision precision);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool cuda_before_, cpu_before_;
};

}  // namespace sweetspot::worker
