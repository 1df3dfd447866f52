// What the pretraining of the small models has in common: start values, one-cycle learning rate, a training
// step, progress, and a model directory as Hugging Face has it. The models of the paper come pretrained;
// these exist so that a sweep can be tried without a download (examples/nano).
#pragma once

#include <torch/torch.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "schemas/result.h"
#include "worker/model/weights.h"

namespace sweetspot::worker {

struct PretrainSchedule {
  int steps = 2000;
  double peak = 2e-3;   // highest learning rate
  double warmup = 0.1;  // share of the steps until the peak
  double weight_decay = 0.01;
  double clip = 1.0;  // global gradient norm
};

// Linear up to the peak, then half a cosine down to zero.
double one_cycle(const PretrainSchedule& schedule, int step);

// Matrices and kernels: U(-1/sqrt(fan in), 1/sqrt(fan in)). Embedding tables: N(0, 0.02^2). Norms: weight 1.
// Biases: 0. All of them require gradients afterwards.
void initialise(torch::nn::Module& module);

// Replaces the values of an initialised module by those of a model directory.
Status go_on_from(const Weights& weights, const std::string& prefix, torch::nn::Module& module);

// Trains `parameters` by AdamW and says every hundred steps on stderr how the loss goes.
class Pretrainer {
 public:
  Pretrainer(std::vector<torch::Tensor> parameters, const PretrainSchedule& schedule);

  // One step down the gradient of `loss` (a scalar).
  void step(const torch::Tensor& loss);
  int steps_done() const { return done_; }

 private:
  std::vector<torch::Tensor> parameters_;
  PretrainSchedule schedule_;
  torch::optim::AdamW optimizer_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  int done_ = 0;
  double recent_loss_ = 0;
};

// 0 .. n-1, the same on every machine.
std::size_t random_below(std::mt19937_64& random, std::size_t n);

// Fisher-Yates, the same on every machine, unlike std::shuffle.
template <class T>
void shuffle(std::vector<T>& items, std::mt19937_64& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random_below(random, i)]);
}

// Writes model.safetensors and the JSON documents by their file names.
Status write_model(const std::filesystem::path& directory, const NamedTensors& tensors,
                   const std::map<std::string, nlohmann::json>& documents);

}  // namespace sweetspot::worker
