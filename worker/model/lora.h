// LoRA (Hu et al. 2021) as PEFT does it: y = W x + b + s * B(A(dropout(x))) with s = alpha / r, or, where an
// adapter that was read is rank-stabilised (rsLoRA, Kalajdzievski 2023), alpha / sqrt(r). The adapter is an
// argument of the language model's forward (adaptation.h) rather than welded into it, so that several cells
// share one frozen model.
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

// What is added to one linear map.
struct LoraPair {
  torch::Tensor a, b;  // [r, in], [out, r]
};

class LoraAdapter {
 public:
  // A uniform in +-1/sqrt(in), B zero: it starts as no change at all. float32, whatever the model is.
  LoraAdapter(const Qwen2Config& config, const LoraSpec& spec, const Rng& rng, torch::Device device);

  // Reads a PEFT directory (adapter_config.json, adapter_model.safetensors). Errors: model_missing,
  // model_invalid, model_unsupported (not plain LoRA), and Weights' errors.
  static Result<LoraAdapter> load(const std::filesystem::path& directory, const Qwen2Config& config,
                                  torch::Device device);
  // Writes one, readable by peft.PeftModel.from_pretrained. Errors: unwritable()'s.
  Status save(const std::filesystem::path& directory, const std::string& base_model) const;

  // The maps of one target of one layer, null where it is not adapted; and all of them, by place().
  const LoraPair* pair(int layer, Target target) const {
    const auto& pair = pairs_[place(layer, target)];
    return pair ? &*pair : nullptr;
  }
  const std::vector<std::optional<LoraPair>>& pairs() const { return pairs_; }
  static std::size_t place(int layer, Target target) {
    return std::size_t(layer) * kTargets.size() + std::size_t(target);
  }
  double scale() const;  // s

  std::vector<torch::Tensor> parameters() const;  // layer by layer, A before B
  std::int64_t parameter_count() const;
  const LoraSpec& spec() const { return spec_; }

 private:
  LoraAdapter() = default;
  NamedTensors named() const;
  std::optional<LoraPair>& at(int layer, Target target) { return pairs_[place(layer, target)]; }

  LoraSpec spec_;
  bool rank_stabilised_ = false;
  std::vector<std::optional<LoraPair>> pairs_;  // [layers * targets]
};

}  // namespace sweetspot::worker
