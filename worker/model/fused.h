// Operations that torch computes in many small ones, each in one pass over memory, forwards and
// backwards: half of a small model's step is spent between its matrix products. In float32 on a CPU;
// elsewhere the plain ones are as fast.
#pragma once

#include <torch/torch.h>

namespace sweetspot::worker {

// Whether they are there for such a tensor.
inline bool can_fuse(const torch::Tensor& x) { return x.is_cpu() && x.scalar_type() == torch::kFloat32; }

// RMSNorm with a frozen weight: x / sqrt(mean(x^2) + eps) * weight. [..., n] -> [..., n]
torch::Tensor fused_rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double eps);

// silu(gate) * up, both of one shape.
torch::Tensor fused_swiglu(const torch::Tensor& gate, const torch::Tensor& up);

// Splits heads and rotates the pairs (x_i, x_{i + d/2}) by their position's angles.
// x [B, L, heads * d], cos and sin [B or 1, L, d] -> [B, heads, L, d]
torch::Tensor fused_rotated_heads(const torch::Tensor& x, std::int64_t heads, const torch::Tensor& cos,
                                  const torch::Tensor& sin);

}  // namespace sweetspot::worker
