#include "worker/model/fused.h"

#include "tests/worker/model/fixtures.h"

namespace sweetspot::worker {
namespace {

// Outputs and gradients of two functions of one input, for one gradient from above.
template <class F, class G>
void expect_same(const torch::Tensor& at, F fused, G plain) {
  const auto one = at.clone().requires_grad_(true), other = at.clone().requires_grad_(true);
  const auto output = fused(one), wanted = plain(other);
  expect_close(output.detach(), wanted.detach());
  const auto above = torch::randn(output.sizes()).transpose(0, 1).contiguous().transpose(0, 1);
  output.backward(above), wanted.backward(above);
  expect_close(one.grad(), other.grad());
}

TEST(Fused, RmsNormIsItsFormulaForwardsAndBackwards) {
  torch::manual_seed(1);
  const auto weight = torch::randn({37});
  for (const auto& shape : {std::vector<std::int64_t>{3, 5, 37}, {1, 1, 37}, {40, 30, 37}})
    expect_same(
        torch::randn(shape), [&](const torch::Tensor& x) { return fused_rms_norm(x, weight, 1e-2); },
        [&](const torch::Tensor& x) { return x * torch::rsqrt(x.square().mean(-1, true) + 1e-2) * weight; });
}

TEST(Fused, SwiGluIsItsFormulaForwardsAndBackwards) {
  torch::manual_seed(1);
  const auto other = torch::randn({3, 5, 37});
  const auto product = [](const torch::Tensor& g, const torch::Tensor& u) { return torch::silu(g) * u; };
  const auto at = torch::randn({3, 5, 37}) * 5;
  expect_same(
      at, [&](const auto& x) { return fused_swiglu(x, other); },
      [&](const auto& x) { return product(x, other); });
  expect_same(
      at, [&](const auto& x) { return fused_swiglu(other, x); },
      [&](const auto& x) { return product(other, x); });
}

TEST(Fused, RotationIsItsFormulaForwardsAndBackwards) {
  torch::manual_seed(1);
  for (const std::int64_t rows : {1, 2}) {                             // of angles: for all, or for each
    const auto angles = torch::randn({rows, 7, 3}).repeat({1, 1, 2});  // [rows, L, d], both halves alike
    const auto cos = angles.cos(), sin = angles.sin();
    expect_same(
        torch::randn({2, 7, 4 * 6}),
        [&](const torch::Tensor& x) { return fused_rotated_heads(x, 4, cos, sin); },
        [&](const torch::Tensor& x) {
          const auto heads = x.view({2, 7, 4, 6}).transpose(1, 2);
          const auto halves = heads.chunk(2, -1);
          return heads * cos.unsqueeze(1) + torch::cat({-halves[1], halves[0]}, -1) * sin.unsqueeze(1);
        });
  }
}

}  // namespace
}  // namespace sweetspot::worker
