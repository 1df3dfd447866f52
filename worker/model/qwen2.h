// Qwen2 (and Llama, which has the same shape without biases): RMSNorm, rotary positions, grouped-query
// attention, SwiGLU. Works on embeddings, so that audio and text can share one sequence.
#pragma once

#include <filesystem>
#include <memory>

#include "schemas/model_config.h"
#include "worker/model/adaptation.h"
#include "worker/model/kv_cache.h"
#include "worker/model/layers.h"
#include "worker/model/linear_group.h"
#include "worker/model/weights.h"

namespace sweetspot::worker {

// What one forward pass is given besides its input.
struct Qwen2Pass {
  const Adaptation* adaptation = nullptr;  // of the model's own linear maps
  KvCache* cache = nullptr;                // earlier positions; extended by this pass
  torch::Tensor padding = {};  // int64 [B]: leading positions of each row that hold nothing; absent: none
  std::int64_t wanted = 0;     // so many of the last positions are asked for; 0: all
};

class RmsNormImpl : public torch::nn::Module {
 public:
  RmsNormImpl(std::int64_t size, double eps);
  torch::Tensor forward(const torch::Tensor& x) const;
  torch::Tensor weight;

 private:
  double eps_;
};
TORCH_MODULE(RmsNorm);

// What all layers of one pass share: rotation angles and which key each query may see.
struct Qwen2Sequence {
  torch::Tensor cos, sin;  // [B or 1, L, head_dim]
  torch::Tensor mask;      // bool [B, 1, L, past + L], or undefined: causal
};

class Qwen2AttentionImpl : public torch::nn::Module {
 public:
  explicit Qwen2AttentionImpl(const Qwen2Config& config);
  // [B, L, hidden] -> the last `wanted` of [B, L, hidden]
  torch::Tensor forward(int layer, const torch::Tensor& x, std::int64_t wanted, const Qwen2Sequence& sequence,
                        const Qwen2Pass& pass) const;
  void join() { inputs_.join(); }

 private:
  torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                       const torch::Tensor& mask) const;
  Qwen2Config config_;
  Linear q_proj_, k_proj_, v_proj_, o_proj_;
  LinearGroup inputs_;  // q, k, v
};
TORCH_MODULE(Qwen2Attention);

class Qwen2MlpImpl : public torch::nn::Module {
 public:
  explicit Qwen2MlpImpl(const Qwen2Config& config);
  torch::Tensor forward(int layer, const torch::Tensor& x, const Qwen2Pass& pass) const;
  void join() { inputs_.join(); }

 private:
  Linear gate_proj_, up_proj_, down_proj_;
  LinearGroup inputs_;  // gate, up
};
TORCH_MODULE(Qwen2Mlp);

class Qwen2LayerImpl : public torch::nn::Module {
 public:
  explicit Qwen2LayerImpl(const Qwen2Config& config);
  // [B, L, hidden] -> [B, wanted, hidden]
  torch::Tensor forward(int layer, torch::Tensor x, std::int64_t wanted, const Qwen2Sequence& sequence,
                        const Qwen2Pass& pass) const;
  void join() { self_attn_->join(), mlp_->join(); }

 private:
  RmsNorm input_layernorm_;
  Qwen2Attention self_attn_;
  RmsNorm post_attention_layernorm_;
  Qwen2Mlp mlp_;
};
TORCH_MODULE(Qwen2Layer);

// Parameter names are Hugging Face's below "model.".
class Qwen2BodyImpl : public torch::nn::Module {
 public:
  explicit Qwen2BodyImpl(const Qwen2Config& config);
  torch::Tensor forward(torch::Tensor x, const Qwen2Pass& pass) const;
  void join();
  Table embed_tokens = nullptr;

 private:
  Qwen2Sequence sequence(const torch::Tensor& x, const Qwen2Pass& pass) const;
  Qwen2Config config_;
  torch::Tensor inv_freq_;  // [head_dim / 2]
  torch::nn::ModuleList layers_;
  RmsNorm norm_;
};
TORCH_MODULE(Qwen2Body);

class Qwen2Impl : public torch::nn::Module {
 public:
  explicit Qwen2Impl(const Qwen2Config& config);

  // int64 [...] -> [..., hidden]
  torch::Tensor embed(const torch::Tensor& ids) const { return model_->embed_tokens->forward(ids); }
  // Embeddings [B, L, hidden] -> hidden states after the final norm [B, L or pass.wanted, hidden]. Rotary
  // positions count from the first position of the row that holds something.
  torch::Tensor forward(const torch::Tensor& embeddings, const Qwen2Pass& pass) const {
    return model_->forward(embeddings, pass);
  }
  // Computes maps of one input as one from here on, on a copy of their weights: see LinearGroup.
  void join() { model_->join(); }
  // Only the rows that are asked for: [N, hidden] -> float32 [N, vocab_size]
  torch::Tensor logits(const torch::Tensor& hidden) const;

  const Qwen2Config& config() const { return config_; }
  // The model's embedding table [vocab_size, hidden].
  const torch::Tensor& embeddings() const { return model_->embed_tokens->weight; }

 private:
  Qwen2Config config_;
  Qwen2Body model_;
  Linear lm_head_ = nullptr;  // absent when tied to the embeddings
};
TORCH_MODULE(Qwen2);

// For reading only: see Access. Errors: read_qwen2_config's, Weights::open's, load_parameters'.
Result<Qwen2> load_qwen2(const std::filesystem::path& directory, const Placement& placement);

}  // namespace sweetspot::worker
