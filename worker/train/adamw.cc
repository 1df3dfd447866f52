#include "worker/train/adamw.h"

#include <fmt/format.h>

namespace sweetspot::worker {

namespace {
// Of all together. On a CPU a gradient's product with itself takes less than half of the time of its norm.
torch::Tensor norm(const std::vector<torch::Tensor>& gradients) {
  if (!gradients.front().is_cpu()) return torch::stack(at::_foreach_norm(gradients)).norm();
  std::vector<torch::Tensor> squares;
  for (const torch::Tensor& gradient : gradients) {
    const auto values = gradient.flatten();
    squares.push_back(torch::dot(values, values));
  }
  return torch::stack(squares).sum().sqrt();
}
}  // namespace

AdamW::AdamW(std::vector<ParameterGroup> groups, AdamWOptions options) : options_(options) {
  for (ParameterGroup& group : groups) {
    State state{std::move(group), {}, {}, {}};
    for (torch::Tensor& parameter : state.group.parameters) {
      parameter.requires_grad_(true);
      state.mean.push_back(torch::zeros_like(parameter.detach()));
      state.square.push_back(torch::zeros_like(parameter.detach()));
      state.steps.push_back(torch::zeros({}, parameter.device()));
    }
    if (!state.group.parameters.empty()) states_.push_back(std::move(state));
  }
}

std::vector<torch::Tensor> AdamW::gradients() const {
  std::vector<torch::Tensor> all;
  for (const State& state : states_)
    for (const torch::Tensor& parameter : state.group.parameters) {
      torch::Tensor gradient = parameter.grad();
      if (!gradient.defined()) gradient = parameter.mutable_grad() = torch::zeros_like(parameter.detach());
      all.push_back(gradient);
    }
  return all;
}

void AdamW::step(double lr_factor) {
  const torch::NoGradGuard no_grad;
  auto all = gradients();
  std::optional<torch::Tensor> divisor;  // of the gradients: to clip them costs no pass of its own
  if (options_.clip > 0) {
    norm_ = norm(all);
    divisor = torch::clamp_min((norm_ + 1e-6) / options_.clip, 1.0);
  }
  auto next = all.begin();
  for (State& state : states_) {
    const std::vector<torch::Tensor> gradients(next, next + std::ptrdiff_t(state.mean.size()));
    next += std::ptrdiff_t(state.mean.size());
    at::_foreach_add_(state.steps, 1);
    at::_fused_adamw_(state.group.parameters, gradients, state.mean, state.square, {}, state.steps,
                      state.group.lr * lr_factor, options_.beta1, options_.beta2, options_.weight_decay,
                      options_.eps,
                      /*amsgrad=*/false, /*maximize=*/false, divisor);
  }
  zero_grad();
}

std::optional<double> AdamW::gradient_norm() const {
  if (!norm_.defined()) return std::nullopt;
  return norm_.item<double>();
}

NamedTensors AdamW::memory() const {
  NamedTensors all;
  std::size_t n = 0;
  for (const State& state : states_)
    for (std::size_t i = 0; i < state.mean.size(); ++i, ++n) {
      all.emplace_back(fmt::format("mean.{}", n), state.mean[i]);
      all.emplace_back(fmt::format("square.{}", n), state.square[i]);
      all.emplace_back(fmt::format("steps.{}", n), state.steps[i]);
    }
  return all;
}

void AdamW::zero_grad() {
  for (State& state : states_)
    for (torch::Tensor& parameter : state.group.parameters) parameter.mutable_grad().reset();
}

}  // namespace sweetspot::worker
