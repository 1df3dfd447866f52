#include "worker/model/whisper_encoder.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweetspot::worker {

WhisperAttentionImpl::WhisperAttentionImpl(std::int64_t d_model, std::int64_t heads)
    : heads_(heads),
      q_proj_(register_module("q_proj", Linear(d_model, d_model))),
      k_proj_(register_module("k_proj", Linear(d_model, d_model, Bias::none))),
      v_proj_(register_module("v_proj", Linear(d_model, d_model))),
      out_proj_(register_module("out_proj", Linear(d_model, d_model))) {}

torch::Tensor WhisperAttentionImpl::forward(const torch::Tensor& x, const torch::Tensor& source,
                                            Mask mask) const {
  const auto q = split_heads(q_proj_->forward(x), heads_);
  const auto k = split_heads(k_proj_->forward(source), heads_);
  const auto v = split_heads(v_proj_->forward(source), heads_);
  return out_proj_->forward(
      join_heads(at::scaled_dot_product_attention(q, k, v, {}, 0.0, mask == Mask::causal)));
}

WhisperEncoderLayerImpl::WhisperEncoderLayerImpl(const WhisperConfig& config)
    : self_attn_layer_norm_(register_module("self_attn_layer_norm", LayerNorm(config.d_model))),
      self_attn_(register_module("self_attn", WhisperAttention(config.d_model, config.encoder_heads))),
      final_layer_norm_(register_module("final_layer_norm", LayerNorm(config.d_model))),
      fc1_(register_module("fc1", Linear(config.d_model, config.encoder_ffn))),
      fc2_(register_module("fc2", Linear(config.encoder_ffn, config.d_model))) {}

torch::Tensor WhisperEncoderLayerImpl::forward(torch::Tensor x) const {
  const auto h = self_attn_layer_norm_->forward(x);
  x = x + self_attn_->forward(h, h, WhisperAttentionImpl::Mask::none);
  return x + fc2_->forward(torch::gelu(fc1_->forward(final_layer_norm_->forward(x))));
}

WhisperEncoderImpl::WhisperEncoderImpl(const WhisperConfig& config, int layers)
    : config_(config),
      conv1_(register_module("conv1", Conv1d(config.mel_bins, config.d_model, 3, 1))),
      conv2_(register_module("conv2", Conv1d(config.d_model, config.d_model, 3, 2))),
      embed_positions_(
          register_module("embed_positions", Table(config.max_source_positions, config.d_model))),
      layers_(register_module("layers", torch::nn::ModuleList())),
      layer_norm_(register_module("layer_norm", LayerNorm(config.d_model))) {
  for (int i = 0; i < layers; ++i) layers_->push_back(WhisperEncoderLayer(config));
}

torch::Tensor WhisperEncoderImpl::forward(const torch::Tensor& mel) const {
  const int all = layers();
  return features(mel, {&all, 1}).front();
}

std::vector<torch::Tensor> WhisperEncoderImpl::features(const torch::Tensor& mel,
                                                        std::span<const int> depths) const {
  TORCH_CHECK(mel.dim() == 3 && mel.size(1) == config_.mel_bins, "mel is ", mel.sizes(), ", expected [B, ",
              config_.mel_bins, ", T]");
  auto x = torch::gelu(conv1_->forward(mel));           // [B, d, T]
  x = torch::gelu(conv2_->forward(x)).transpose(1, 2);  // [B, T', d]
  TORCH_CHECK(x.size(1) <= config_.max_source_positions, "audio of ", x.size(1), " encoder frames, at most ",
              config_.max_source_positions);
  x = x + embed_positions_->weight.narrow(0, 0, x.size(1));

  std::vector<torch::Tensor> out(depths.size());
  const int deepest = depths.empty() ? 0 : *std::max_element(depths.begin(), depths.end());
  TORCH_CHECK(deepest <= layers(), "depth ", deepest, " of an encoder kept to ", layers());
  for (int depth = 0;; ++depth) {
    for (std::size_t i = 0; i < depths.size(); ++i)
      if (depths[i] == depth) out[i] = layer_norm_->forward(x);
    if (depth == deepest) return out;
    x = layers_->at<WhisperEncoderLayerImpl>(depth).forward(x);
  }
}

std::int64_t WhisperEncoderImpl::parameter_count(int depth) const {
  std::int64_t count = worker::parameter_count(*this);
  for (int i = depth; i < layers(); ++i)
    count -= worker::parameter_count(layers_->at<WhisperEncoderLayerImpl>(i));
  return count;
}

Result<WhisperEncoder> load_whisper_encoder(const std::filesystem::path& directory, int layers,
                                            const Placement& placement) {
  const auto config = read_whisper_config(directory);
  if (!config) return config.error();
  if (layers < 0 || layers > config->encoder_layers)
    return Error{
        "layers_impossible",
        fmt::format("{} layers of {}, which has {}", layers, directory.string(), config->encoder_layers),
        fmt::format("keep 0 to {} layers", config->encoder_layers), "/layers"};
  const auto weights = Weights::open(directory);
  if (!weights) return weights.error();
  WhisperEncoder encoder(*config, layers);
  const std::string prefix = weights->prefix_of({"model.encoder.", "encoder."}, "conv1.weight");
  if (const auto loaded = load_parameters(*encoder, *weights, prefix, placement, Access::read); !loaded)
    return loaded.error();
  return encoder;
}

}  // namespace sweetspot::worker
