#include "worker/model/lora.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "worker/model/atomic_file.h"

namespace sweetspot::worker {

namespace {
struct TargetShape {
  const char* letter;  // in LoraSpec::targets
  const char* module;  // below a layer of the model
  std::int64_t in, out;
};

TargetShape shape_of(Target target, const Qwen2Config& c) {
  const std::int64_t q = c.heads * c.head_dim, kv = c.kv_heads * c.head_dim;
  switch (target) {
    case Target::q:
      return {"q", "self_attn.q_proj", c.hidden, q};
    case Target::k:
      return {"k", "self_attn.k_proj", c.hidden, kv};
    case Target::v:
      return {"v", "self_attn.v_proj", c.hidden, kv};
    case Target::o:
      return {"o", "self_attn.o_proj", q, c.hidden};
    case Target::gate:
      return {"gate", "mlp.gate_proj", c.hidden, c.intermediate};
    case Target::up:
      return {"up", "mlp.up_proj", c.hidden, c.intermediate};
    case Target::down:
      return {"down", "mlp.down_proj", c.intermediate, c.hidden};
  }
  std::abort();
}

// The tensor names of PEFT, without the adapter's name, as it saves them.
std::string tensor_name(std::size_t layer, Target target, char matrix) {
  return fmt::format("base_model.model.model.layers.{}.{}.lora_{}.weight", layer, shape_of(target, {}).module,
                     matrix);
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// Options of PEFT that change what an adapter computes, or which weights it belongs to, and that we do not
// have.
constexpr const char* kUnsupported[] = {"use_dora",
                                        "fan_in_fan_out",
                                        "lora_bias",
                                        "use_qalora",
                                        "use_bdlora",
                                        "rank_pattern",
                                        "alpha_pattern",
                                        "exclude_modules",
                                        "modules_to_save",
                                        "layers_to_transform",
                                        "layer_replication",
                                        "target_parameters",
                                        "arrow_config",
                                        "trainable_token_indices",
                                        "alora_invocation_tokens"};

bool is_on(const nlohmann::json& config, const char* option) {
  const auto found = config.find(option);
  return found != config.end() && !found->is_null() && *found != false &&
         !(found->is_structured() && found->empty());
}

// PiSSA, OLoRA, CorDA and LoftQ change the base model's weights before training, so their adapters fit no
// other.
bool keeps_the_base_model(const nlohmann::json& config) {
  const auto start = config.find("init_lora_weights");
  if (start == config.end() || !start->is_string()) return true;
  return *start == "gaussian" || *start == "eva" || *start == "orthogonal";
}

Result<LoraSpec> read_spec(const nlohmann::json& config, const std::filesystem::path& file) {
  const auto bad = [&](const std::string& code, const std::string& what) {
    return Error{code, file.string() + ": " + what,
                 "give the directory of a plain LoRA adapter as PEFT saves it", ""};
  };
  try {
    if (config.value("peft_type", "") != "LORA") return bad("model_unsupported", "peft_type is not LORA");
    for (const char* option : kUnsupported)
      if (is_on(config, option)) return bad("model_unsupported", std::string(option) + " is on");
    if (config.value("bias", "none") != "none") return bad("model_unsupported", "bias is not \"none\"");
    if (!keeps_the_base_model(config))
      return bad("model_unsupported", "init_lora_weights changes the base model");
    LoraSpec spec{.r = config.at("r").get<int>(),
                  .alpha = config.at("lora_alpha").get<double>(),
                  .dropout = config.value("lora_dropout", 0.0),
                  .targets = {}};
    if (spec.r < 1) return bad("model_invalid", "r is less than 1");
    for (std::string name : config.at("target_modules")) {
      if (name.ends_with("_proj")) name.resize(name.size() - 5);
      const bool known = std::any_of(kTargets.begin(), kTargets.end(),
                                     [&](Target t) { return name == shape_of(t, {}).letter; });
      if (!known) return bad("model_unsupported", "target module '" + name + "'");
      spec.targets.push_back(name);
    }
    return spec;
  } catch (const nlohmann::json::exception& error) {
    return bad("model_invalid", error.what());
  }
}
}  // namespace

LoraAdapter::LoraAdapter(const Qwen2Config& config, const LoraSpec& spec, const Rng& rng,
                         torch::Device device)
    : spec_(spec), pairs_(config.layers * kTargets.size()) {
  for (int layer = 0; layer < config.layers; ++layer)
    for (const Target target : kTargets) {
      const TargetShape shape = shape_of(target, config);
      if (!contains(spec.targets, shape.letter)) continue;
      rng.seed_torch(torch::kCPU, Draw::adapter, layer, std::uint64_t(target));
      const double bound = 1 / std::sqrt(double(shape.in));
      at(layer, target) = LoraPair{torch::empty({spec.r, shape.in}).uniform_(-bound, bound).to(device),
                                   torch::zeros({shape.out, spec.r}, device)};
    }
}

Result<LoraAdapter> LoraAdapter::load(const std::filesystem::path& directory, const Qwen2Config& config,
                                      torch::Device device) {
  const auto file = directory / "adapter_config.json";
  const auto config_file = read_json_file(file);
  if (!config_file) return config_file.error();
  const auto spec = read_spec(*config_file, file);
  if (!spec) return spec.error();
  const auto weights = Weights::open(directory / "adapter_model.safetensors");
  if (!weights) return weights.error();
  LoraAdapter adapter;
  adapter.spec_ = *spec;
  adapter.rank_stabilised_ = is_on(*config_file, "use_rslora");
  adapter.pairs_.resize(config.layers * kTargets.size());
  for (int layer = 0; layer < config.layers; ++layer)
    for (const Target target : kTargets) {
      const TargetShape shape = shape_of(target, config);
      if (!contains(spec->targets, shape.letter)) continue;
      const auto a = weights->tensor(tensor_name(layer, target, 'A'), {spec->r, shape.in});
      if (!a) return a.error();
      const auto b = weights->tensor(tensor_name(layer, target, 'B'), {shape.out, spec->r});
      if (!b) return b.error();
      adapter.at(layer, target) =
          LoraPair{a->to(device, torch::kFloat32, false, true), b->to(device, torch::kFloat32, false, true)};
    }
  return adapter;
}

NamedTensors LoraAdapter::named() const {
  NamedTensors tensors;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    if (!pairs_[i]) continue;
    const std::size_t layer = i / kTargets.size();
    tensors.emplace_back(tensor_name(layer, kTargets[i % kTargets.size()], 'A'), pairs_[i]->a);
    tensors.emplace_back(tensor_name(layer, kTargets[i % kTargets.size()], 'B'), pairs_[i]->b);
  }
  return tensors;
}

Status LoraAdapter::save(const std::filesystem::path& directory, const std::string& base_model) const {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed) return unwritable(directory, failed.value());
  std::vector<std::string> modules;
  for (const std::string& target : spec_.targets) modules.push_back(target + "_proj");
  const nlohmann::json config = {{"peft_type", "LORA"},
                                 {"task_type", "CAUSAL_LM"},
                                 {"base_model_name_or_path", base_model},
                                 {"r", spec_.r},
                                 {"lora_alpha", spec_.alpha},
                                 {"lora_dropout", spec_.dropout},
                                 {"target_modules", modules},
                                 {"bias", "none"},
                                 {"fan_in_fan_out", false},
                                 {"inference_mode", true},
                                 {"modules_to_save", nullptr},
                                 {"use_rslora", rank_stabilised_},
                                 {"use_dora", false}};
  if (auto written = write_safetensors(directory / "adapter_model.safetensors", named(), {{"format", "pt"}});
      !written)
    return written;
  return write_file(directory / "adapter_config.json", config.dump(2) + "\n");
}

double LoraAdapter::scale() const {
  return spec_.alpha / (rank_stabilised_ ? std::sqrt(double(spec_.r)) : double(spec_.r));
}

std::vector<torch::Tensor> LoraAdapter::parameters() const {
  std::vector<torch::Tensor> parameters;
  for (const auto& [name, tensor] : named()) parameters.push_back(tensor);
  return parameters;
}

std::int64_t LoraAdapter::parameter_count() const {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : named()) count += tensor.numel();
  return count;
}

}  // namespace sweetspot::worker
