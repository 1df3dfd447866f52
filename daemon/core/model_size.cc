#include "daemon/core/model_size.h"

#include <utility>

namespace sweetspot::daemon {
namespace {

// Inputs and outputs of one linear map of a layer.
std::pair<std::int64_t, std::int64_t> extents(const std::string& target, const Qwen2Config& c) {
  const std::int64_t queries = c.heads * c.head_dim, keys = c.kv_heads * c.head_dim;
  if (target == "q") return {c.hidden, queries};
  if (target == "k" || target == "v") return {c.hidden, keys};
  if (target == "o") return {queries, c.hidden};
  if (target == "down") return {c.intermediate, c.hidden};
  return {c.hidden, c.intermediate};  // gate, up
}

}  // namespace

EncoderShape encoder_shape(const WhisperConfig& config) {
  return {.layers = int(config.encoder_layers),
          .width = int(config.d_model),
          .mels = int(config.mel_bins),
          .positions = int(config.max_source_positions),
          .ffn = int(config.encoder_ffn)};
}

std::int64_t llm_parameters(const Qwen2Config& c) {
  const std::int64_t queries = c.heads * c.head_dim, keys = c.kv_heads * c.head_dim;
  const std::int64_t biases = c.bias == Qwen2Config::Bias::query_key_value ? queries + 2 * keys : 0;
  const std::int64_t attention = 2 * c.hidden * queries + 2 * c.hidden * keys + biases;
  const std::int64_t layer = attention + 3 * c.hidden * c.intermediate + 2 * c.hidden;
  const std::int64_t tables = c.head == Qwen2Config::Head::own ? 2 : 1;
  return tables * c.vocab_size * c.hidden + c.layers * layer + c.hidden;
}

std::int64_t projector_parameters(const ProjectorSpec& projector, std::int64_t encoder_width,
                                  std::int64_t llm_width) {
  const std::int64_t hidden = projector.hidden;
  return (projector.frames * encoder_width + 1) * hidden + (hidden + 1) * llm_width + 2 * llm_width;
}

std::int64_t adapter_parameters(const LoraSpec& lora, const Qwen2Config& llm) {
  std::int64_t of_a_layer = 0;
  for (const std::string& target : lora.targets) {
    const auto [in, out] = extents(target, llm);
    of_a_layer += lora.r * (in + out);
  }
  return of_a_layer * llm.layers;
}

}  // namespace sweetspot::daemon
