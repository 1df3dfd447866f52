#include "worker/model/whisper_decoder.h"

namespace sweetspot::worker {

WhisperDecoderLayerImpl::WhisperDecoderLayerImpl(const WhisperConfig& config)
    : self_attn_(register_module("self_attn", WhisperAttention(config.d_model, config.decoder_heads))),
      encoder_attn_(register_module("encoder_attn", WhisperAttention(config.d_model, config.decoder_heads))),
      self_attn_layer_norm_(register_module("self_attn_layer_norm", LayerNorm(config.d_model))),
      encoder_attn_layer_norm_(register_module("encoder_attn_layer_norm", LayerNorm(config.d_model))),
      final_layer_norm_(register_module("final_layer_norm", LayerNorm(config.d_model))),
      fc1_(register_module("fc1", Linear(config.d_model, config.decoder_ffn))),
      fc2_(register_module("fc2", Linear(config.decoder_ffn, config.d_model))) {}

torch::Tensor WhisperDecoderLayerImpl::forward(torch::Tensor x, const torch::Tensor& features) const {
  const auto normed = self_attn_layer_norm_->forward(x);
  x = x + self_attn_->forward(normed, normed, WhisperAttentionImpl::Mask::causal);
  x = x + encoder_attn_->forward(encoder_attn_layer_norm_->forward(x), features,
                                 WhisperAttentionImpl::Mask::none);
  return x + fc2_->forward(torch::gelu(fc1_->forward(final_layer_norm_->forward(x))));
}

WhisperDecoderImpl::WhisperDecoderImpl(const WhisperConfig& config)
    : embed_tokens_(register_module("embed_tokens", Table(config.vocab_size, config.d_model))),
      embed_positions_(
          register_module("embed_positions", Table(config.max_target_positions, config.d_model))),
      layer_norm_(register_module("layer_norm", LayerNorm(config.d_model))) {
  auto layers = register_module("layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < config.decoder_layers; ++i) {
    layers_.emplace_back(config);
    layers->push_back(layers_.back());
  }
}

torch::Tensor WhisperDecoderImpl::forward(const torch::Tensor& ids, const torch::Tensor& features) const {
  auto x = embed_tokens_->forward(ids) + embed_positions_->weight.slice(0, 0, ids.size(1));
  for (const auto& layer : layers_) x = layer->forward(x, features);
  return torch::linear(layer_norm_->forward(x), embed_tokens_->weight);
}

}  // namespace sweetspot::worker
