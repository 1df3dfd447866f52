#include "worker/recipe/pretraining.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <numbers>

#include "worker/model/atomic_file.h"

namespace sweetspot::worker {

double one_cycle(const PretrainSchedule& schedule, int step) {
  const double rise = schedule.warmup * schedule.steps;
  if (step < rise) return schedule.peak * (step + 1) / rise;
  const double fallen = (step - rise) / (schedule.steps - rise);
  return schedule.peak * 0.5 * (1 + std::cos(std::numbers::pi * fallen));
}

void initialise(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (auto& parameter : module.named_parameters()) {
    const auto& name = parameter.key();
    auto& tensor = parameter.value();
    if (name.ends_with("norm.weight") || name.ends_with("layernorm.weight")) {
      tensor.fill_(1);
    } else if (name.ends_with("bias")) {
      tensor.zero_();
    } else if (name.find("embed_") != std::string::npos) {
      tensor.normal_(0, 0.02);
    } else {
      const double bound = 1 / std::sqrt(static_cast<double>(tensor.numel() / tensor.size(0)));
      tensor.uniform_(-bound, bound);
    }
    tensor.set_requires_grad(true);
  }
}

Status go_on_from(const Weights& weights, const std::string& prefix, torch::nn::Module& module) {
  if (auto loaded = load_parameters(module, weights, prefix, {}); !loaded) return loaded;
  for (auto& parameter : module.parameters()) parameter.set_requires_grad(true);
  return success();
}

Pretrainer::Pretrainer(std::vector<torch::Tensor> parameters, const PretrainSchedule& schedule)
    : parameters_(std::move(parameters)),
      schedule_(schedule),
      optimizer_(
          parameters_,
          torch::optim::AdamWOptions(schedule.peak).betas({0.9, 0.98}).weight_decay(schedule.weight_decay)) {}

void Pretrainer::step(const torch::Tensor& loss) {
  for (auto& group : optimizer_.param_groups()) group.options().set_lr(one_cycle(schedule_, done_));
  optimizer_.zero_grad();
  loss.backward();
  torch::nn::utils::clip_grad_norm_(parameters_, schedule_.clip);
  optimizer_.step();
  recent_loss_ += loss.item<double>();
  if (++done_ % 100 != 0) return;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started_;
  fmt::print(stderr, "step {} of {}, loss {:.3f}, {:.0f} s\n", done_, schedule_.steps, recent_loss_ / 100,
             seconds.count());
  recent_loss_ = 0;
}

std::size_t random_below(std::mt19937_64& random, std::size_t n) { return random() % n; }

Status write_model(const std::filesystem::path& directory, const NamedTensors& tensors,
                   const std::map<std::string, nlohmann::json>& documents) {
  std::filesystem::create_directories(directory);
  if (auto written = write_safetensors(directory / "model.safetensors", tensors, {{"format", "pt"}});
      !written) {
    return written;
  }
  for (const auto& [name, document] : documents) {
    if (auto written = write_file(directory / name, document.dump(2) + "\n"); !written) return written;
  }
  return success();
}

}  // namespace sweetspot::worker
