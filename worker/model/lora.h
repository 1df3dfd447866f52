// LoRA (Hu et al. 2021) as PEFT does it: y = W x + b + s * B(A(dropout(x))) with s = alpha / r, or, where an
// adapter that was read is rank-stabilised (rsLoRA, Kalajdzievski 2023), alpha / sqrt(r). The adapter is an
// argument of the language model's forward rather than welded into it, so that several cells share one frozen
// model.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "schemas/cell.h"
#include "schemas/model_config.h"
#include "worker/model/rng.h"
#include "worker/model/weights.h"

namespace sweetspot::worker {

// The linear maps of a Qwen2 layer that can be adapted; named by the letters and words of LoraSpec::targets.
enum class Target { q, k, v, o, gate, up, down };
inline constexpr std::array kTargets = {Target::q,    Target::k,  Target::v,   Target::o,
                                        Target::gate, Target::up, Target::down};

class LoraAdapter {
 public:
  // A uniform in +-1/sqrt(in), B zero: it starts as no change at all. float32, whatever the model is.
  LoraAdapter(const Qwen2Config& config, const LoraSpec& spec, const Rng& rng, torch::Device device);

  // Reads a PEFT directory (adapter_config.json, adapter_model.safetensors). Errors: model_missing,
  // model_invalid, model_unsupported (not plain LoRA), and Weights' errors.
  static Result<LoraAdapter> load(const std::filesystem::path& directory, const Qwen2Config& config,
                                  torch::Device device);
  // Writes one, readable by peft.PeftModel.from_pretrained. Errors: file_unwritable.
  Status save(const std::filesystem::path& directory, const std::string& base_model) const;

  // y + scale * B(A(dropout(x))), or y where this target is not adapted. x [..., in], y [..., out]
  torch::Tensor adapt(int layer, Target target, const torch::Tensor& x, const torch::Tensor& y,
                      const Dropout& dropout) const;

  std::vector<torch::Tensor> parameters() const;  // layer by layer, A before B
  std::int64_t parameter_count() const;
  const LoraSpec& spec() const { return spec_; }

 private:
  struct Pair {
    torch::Tensor a, b;  // [r, in], [out, r]
  };
  LoraAdapter() = default;
  NamedTensors named() const;
  std::optional<Pair>& at(int layer, Target target) {
    return pairs_[layer * kTargets.size() + std::size_t(target)];
  }

  double scale() const;

  LoraSpec spec_;
  bool rank_stabilised_ = false;
  std::vector<std::optional<Pair>> pairs_;  // [layers * targets]
};

}  // namespace sweetspot::worker
