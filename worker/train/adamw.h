// AdamW (Loshchilov and Hutter 2019) over groups of parameters that differ in their learning rate.
#pragma once

#include <torch/torch.h>

#include <optional>
#include <vector>

#include "worker/model/safetensors.h"

namespace sweetspot::worker {

struct ParameterGroup {
  std::vector<torch::Tensor> parameters;  // float32 leaves; they are made to require gradients
  double lr = 0;
};

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0.01;  // of every parameter, biases and norms too
  double clip = 1;             // of the norm of all gradients together; 0: never
};

class AdamW {
 public:
  AdamW(std::vector<ParameterGroup> groups, AdamWOptions options);

  // Clips, updates with each group's lr * lr_factor, and forgets the gradients.
  void step(double lr_factor);
  void zero_grad();

  // The norm of all gradients together in the last step, before it was clipped; waits for the device. Absent
  // before the first step, and where nothing is clipped.
  std::optional<double> gradient_norm() const;

  // What it remembers of the steps before: mean.N, square.N and steps.N of the N-th parameter over all
  // groups.
  NamedTensors memory() const;

 private:
  struct State {
    ParameterGroup group;
    std::vector<torch::Tensor> mean, square, steps;
  };
  std::vector<torch::Tensor> gradients() const;
  std::vector<State> states_;
  AdamWOptions options_;
  torch::Tensor norm_;  // [], on the device
};

}  // namespace sweetspot::worker
