// Whisper's decoder under its Hugging Face names ("model.decoder." + name), for training; it has no cache.
#pragma once

#include <vector>

#include "schemas/model_config.h"
#include "worker/model/layers.h"
#include "worker/model/whisper_encoder.h"

namespace sweetspot::worker {

// One layer: text looks back at itself, then at the audio, then the two-layer network.
class WhisperDecoderLayerImpl : public torch::nn::Module {
 public:
  explicit WhisperDecoderLayerImpl(const WhisperConfig& config);
  // x [B, L, D], features [B, T, D] -> [B, L, D]
  torch::Tensor forward(torch::Tensor x, const torch::Tensor& features) const;

 private:
  WhisperAttention self_attn_, encoder_attn_;
  LayerNorm self_attn_layer_norm_, encoder_attn_layer_norm_, final_layer_norm_;
  Linear fc1_, fc2_;
};
TORCH_MODULE(WhisperDecoderLayer);

class WhisperDecoderImpl : public torch::nn::Module {
 public:
  explicit WhisperDecoderImpl(const WhisperConfig& config);
  // ids int64 [B, L], features [B, T, D] -> logits of the next token [B, L, V]; the head is the embedding.
  torch::Tensor forward(const torch::Tensor& ids, const torch::Tensor& features) const;

 private:
  Table embed_tokens_, embed_positions_;
  std::vector<WhisperDecoderLayer> layers_;
  LayerNorm layer_norm_;
};
TORCH_MODULE(WhisperDecoder);

}  // namespace sweetspot::worker
