// Whisper's encoder (Radford et al. 2022), kept to its lowest layers plus the final layer norm, for audio of
// any length up to max_source_positions: no padding to 30 s and no mask.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "schemas/model_config.h"
#include "worker/model/layers.h"
#include "worker/model/weights.h"

namespace sweetspot::worker {

// Attention of queries x over keys and values of `source` (x itself, or the encoder's output).
class WhisperAttentionImpl : public torch::nn::Module {
 public:
  WhisperAttentionImpl(std::int64_t d_model, std::int64_t heads);
  enum class Mask { none, causal };
  // [B, T, d], [B, S, d] -> [B, T, d]
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& source, Mask mask) const;

 private:
  std::int64_t heads_;
  Linear q_proj_, k_proj_, v_proj_, out_proj_;
};
TORCH_MODULE(WhisperAttention);

class WhisperEncoderLayerImpl : public torch::nn::Module {
 public:
  explicit WhisperEncoderLayerImpl(const WhisperConfig& config);
  torch::Tensor forward(torch::Tensor x) const;  // [B, T, d] -> [B, T, d]

 private:
  LayerNorm self_attn_layer_norm_;
  WhisperAttention self_attn_;
  LayerNorm final_layer_norm_;
  Linear fc1_, fc2_;
};
TORCH_MODULE(WhisperEncoderLayer);

// Parameter names are Hugging Face's below "model.encoder.".
class WhisperEncoderImpl : public torch::nn::Module {
 public:
  WhisperEncoderImpl(const WhisperConfig& config, int layers);

  // Log-mel [B, mel_bins, T] -> [B, T', d_model], T' = (T + 1) / 2, after all layers kept and the final norm.
  torch::Tensor forward(const torch::Tensor& mel) const;

  // The same for several depths from one pass: what encoders kept to each of these numbers of layers would
  // give. Depths lie in [0, layers]; order and repetitions are the caller's.
  std::vector<torch::Tensor> features(const torch::Tensor& mel, std::span<const int> depths) const;

  const WhisperConfig& config() const { return config_; }
  int layers() const { return int(layers_->size()); }
  // The parameters of the encoder kept to so many layers, position table included.
  std::int64_t parameter_count(int depth) const;

 private:
  WhisperConfig config_;
  Conv1d conv1_, conv2_;
  Table embed_positions_;
  torch::nn::ModuleList layers_;
  LayerNorm layer_norm_;
};
TORCH_MODULE(WhisperEncoder);

// Loads the lowest `layers` of the encoder in a model directory, for reading only: see Access. Errors:
// read_whisper_config's, Weights::open's, load_parameters', and layers_impossible.
Result<WhisperEncoder> load_whisper_encoder(const std::filesystem::path& directory, int layers,
                                            const Placement& placement);

}  // namespace sweetspot::worker
