#include "worker/model/fused.h"

#include <ATen/Parallel.h>

#include <cmath>

// The loops below are compiled once for each width of vectors; the widest that the processor has is taken.
#if defined(__x86_64__)
#define FOR_EVERY_WIDTH __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EVERY_WIDTH
#endif

namespace sweetspot::worker {

namespace {
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
constexpr std::int64_t kGrain = 64, kGrainOfValues = 1 << 14;  // so many rows or values are worth a thread

// y = x * scale * w with scale = 1 / sqrt(mean(x^2) + eps), which is returned.
FOR_EVERY_WIDTH float norm_row(const float* x, const float* w, float* y, std::int64_t n, float eps) {
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (std::int64_t i = 0; i < n; ++i) squares += x[i] * x[i];
  const float scale = 1 / std::sqrt(squares / float(n) + eps);
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * scale * w[i];
  return scale;
}

// dx = scale * (g * w - x * scale^2 * mean(g * w * x))
FOR_EVERY_WIDTH void norm_row_gradient(const float* x, const float* w, const float* g, float* dx,
                                       std::int64_t n, float scale) {
  float product = 0;
#pragma omp simd reduction(+ : product)
  for (std::int64_t i = 0; i < n; ++i) product += g[i] * w[i] * x[i];
  const float along = product / float(n) * scale * scale;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) dx[i] = scale * (g[i] * w[i] - x[i] * along);
}

// One head at one position, by the angles (turn 1) or back (turn -1).
FOR_EVERY_WIDTH void rotate_row(const float* x, const float* cos, const float* sin, float* y,
                                std::int64_t half, float turn) {
#pragma omp simd
  for (std::int64_t i = 0; i < half; ++i) {
    y[i] = x[i] * cos[i] - turn * x[i + half] * sin[i];
    y[i + half] = x[i + half] * cos[i] + turn * x[i] * sin[i];
  }
}

// y = silu(g) * u with s = sigmoid(g), so that silu(g) = g * s
FOR_EVERY_WIDTH void gate_values(const float* g, const float* s, const float* u, float* y, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) y[i] = g[i] * s[i] * u[i];
}

// du = dy * g * s, dg = dy * u * s * (1 + g * (1 - s))
FOR_EVERY_WIDTH void gate_values_gradient(const float* g, const float* s, const float* u, const float* dy,
                                          float* dg, float* du, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    du[i] = dy[i] * g[i] * s[i];
    dg[i] = dy[i] * u[i] * s[i] * (1 + g[i] * (1 - s[i]));
  }
}

struct RmsNormFunction : torch::autograd::Function<RmsNormFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& input,
                               const torch::Tensor& weight, double eps) {
    const auto x = input.contiguous(), w = weight.contiguous();
    const std::int64_t n = x.size(-1), rows = x.numel() / n;
    auto y = torch::empty_like(x), scales = torch::empty({rows});
    const float *from = x.data_ptr<float>(), *by = w.data_ptr<float>();
    float *to = y.data_ptr<float>(), *scale = scales.data_ptr<float>();
    at::parallel_for(0, rows, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r)
        scale[r] = norm_row(from + r * n, by, to + r * n, n, float(eps));
    });
    context->save_for_backward({x, w, scales});
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto g = gradients[0].contiguous();
    const std::int64_t n = g.size(-1), rows = g.numel() / n;
    auto dx = torch::empty_like(g);
    const float *x = saved[0].data_ptr<float>(), *w = saved[1].data_ptr<float>(),
                *scale = saved[2].data_ptr<float>(), *from = g.data_ptr<float>();
    float* to = dx.data_ptr<float>();
    at::parallel_for(0, rows, kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r)
        norm_row_gradient(x + r * n, w, from + r * n, to + r * n, n, scale[r]);
    });
    return {dx, {}, {}};
  }
};

struct SwiGluFunction : torch::autograd::Function<SwiGluFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& gate, const torch::Tensor& up) {
    const auto g = gate.contiguous(), u = up.contiguous(), s = torch::sigmoid(g);
    auto y = torch::empty_like(g);
    const float *gates = g.data_ptr<float>(), *shares = s.data_ptr<float>(), *ups = u.data_ptr<float>();
    float* to = y.data_ptr<float>();
    at::parallel_for(0, y.numel(), kGrainOfValues, [&](std::int64_t i, std::int64_t end) {
      gate_values(gates + i, shares + i, ups + i, to + i, end - i);
    });
    context->save_for_backward({g, s, u});
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto dy = gradients[0].contiguous();
    auto dg = torch::empty_like(dy), du = torch::empty_like(dy);
    const float *g = saved[0].data_ptr<float>(), *s = saved[1].data_ptr<float>(),
                *u = saved[2].data_ptr<float>(), *from = dy.data_ptr<float>();
    float *to_gate = dg.data_ptr<float>(), *to_up = du.data_ptr<float>();
    at::parallel_for(0, dy.numel(), kGrainOfValues, [&](std::int64_t i, std::int64_t end) {
      gate_values_gradient(g + i, s + i, u + i, from + i, to_gate + i, to_up + i, end - i);
    });
    return {dg, du};
  }
};

// Rows of [B, L, heads, d] to those of [B, heads, L, d], or back, each rotated.
enum class Way { split, join };
void rotate_rows(Way way, const torch::Tensor& from, const torch::Tensor& cos, const torch::Tensor& sin,
                 torch::Tensor& to, std::int64_t heads) {
  const std::int64_t L = cos.size(1), d = cos.size(2), angles = cos.size(0) * L,
                     B = from.numel() / (heads * L * d);
  const float *x = from.data_ptr<float>(), *c = cos.data_ptr<float>(), *s = sin.data_ptr<float>();
  float* y = to.data_ptr<float>();
  at::parallel_for(0, B * L, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r)
      for (std::int64_t b = r / L, l = r % L, h = 0; h < heads; ++h) {
        const std::int64_t joined = (r * heads + h) * d, split = ((b * heads + h) * L + l) * d;
        const bool splits = way == Way::split;
        const std::int64_t angle = r % angles * d;
        rotate_row(x + (splits ? joined : split), c + angle, s + angle, y + (splits ? split : joined), d / 2,
                   splits ? 1 : -1);
      }
  });
}

struct RotatedHeadsFunction : torch::autograd::Function<RotatedHeadsFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& input, std::int64_t heads,
                               const torch::Tensor& cos, const torch::Tensor& sin) {
    const auto x = input.contiguous(), c = cos.contiguous(), s = sin.contiguous();
    auto y = torch::empty({x.size(0), heads, x.size(1), x.size(2) / heads});
    rotate_rows(Way::split, x, c, s, y, heads);
    context->save_for_backward({c, s});
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto g = gradients[0].contiguous();  // [B, heads, L, d]
    auto dx = torch::empty({g.size(0), g.size(2), g.size(1) * g.size(3)});
    rotate_rows(Way::join, g, saved[0], saved[1], dx, g.size(1));
    return {dx, {}, {}, {}};
  }
};
}  // namespace

torch::Tensor fused_rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double eps) {
  return RmsNormFunction::apply(x, weight, eps);
}

torch::Tensor fused_swiglu(const torch::Tensor& gate, const torch::Tensor& up) {
  return SwiGluFunction::apply(gate, up);
}

torch::Tensor fused_rotated_heads(const torch::Tensor& x, std::int64_t heads, const torch::Tensor& cos,
                                  const torch::Tensor& sin) {
  return RotatedHeadsFunction::apply(x, heads, cos, sin);
}

}  // namespace sweetspot::worker
