// The few layers that every model here is made of. Unlike torch::nn's they start without values: weights are
// loaded, or initialised on purpose. Parameters do not require gradients until train() says so.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace sweetspot::worker {

enum class Bias { none, own };

class LinearImpl : public torch::nn::Module {
 public:
  LinearImpl(std::int64_t in, std::int64_t out, Bias with = Bias::own) {
    weight = register_parameter("weight", torch::empty({out, in}), false);
    if (with == Bias::own) bias = register_parameter("bias", torch::empty({out}), false);
  }
  // [..., in] -> [..., out]
  torch::Tensor forward(const torch::Tensor& x) const { return torch::linear(x, weight, bias); }

  torch::Tensor weight, bias;
};
TORCH_MODULE(Linear);

class LayerNormImpl : public torch::nn::Module {
 public:
  explicit LayerNormImpl(std::int64_t size, double eps = 1e-5) : size_(size), eps_(eps) {
    weight = register_parameter("weight", torch::empty({size}), false);
    bias = register_parameter("bias", torch::empty({size}), false);
  }
  torch::Tensor forward(const torch::Tensor& x) const {
    return torch::layer_norm(x, {size_}, weight, bias, eps_);
  }

  torch::Tensor weight, bias;

 private:
  std::int64_t size_;
  double eps_;
};
TORCH_MODULE(LayerNorm);

// A table of rows: tokens or positions.
class TableImpl : public torch::nn::Module {
 public:
  TableImpl(std::int64_t rows, std::int64_t size) {
    weight = register_parameter("weight", torch::empty({rows, size}), false);
  }
  // int64 [...] -> [..., size]
  torch::Tensor forward(const torch::Tensor& ids) const { return torch::embedding(weight, ids); }

  torch::Tensor weight;
};
TORCH_MODULE(Table);

class Conv1dImpl : public torch::nn::Module {
 public:
  Conv1dImpl(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride)
      : stride_(stride), pad_(kernel / 2) {
    weight = register_parameter("weight", torch::empty({out, in, kernel}), false);
    bias = register_parameter("bias", torch::empty({out}), false);
  }
  // [B, in, T] -> [B, out, (T - 1) / stride + 1]
  torch::Tensor forward(const torch::Tensor& x) const {
    return torch::conv1d(x, weight, bias, stride_, pad_);
  }

  torch::Tensor weight, bias;

 private:
  std::int64_t stride_, pad_;
};
TORCH_MODULE(Conv1d);

// [B, T, heads * d] -> [B, heads, T, d]
inline torch::Tensor split_heads(const torch::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
}

// [B, heads, T, d] -> [B, T, heads * d]
inline torch::Tensor join_heads(const torch::Tensor& x) { return x.transpose(1, 2).flatten(2); }

}  // namespace sweetspot::worker
