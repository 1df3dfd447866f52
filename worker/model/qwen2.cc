#include "worker/model/qwen2.h"

#include <cmath>
#include <numbers>

#include "worker/model/fused.h"

namespace sweetspot::worker {

namespace {
// See fused_rotated_heads.
torch::Tensor rotated_heads(const torch::Tensor& x, std::int64_t heads, const torch::Tensor& cos,
                            const torch::Tensor& sin) {
  if (can_fuse(x)) return fused_rotated_heads(x, heads, cos, sin);
  const auto split = split_heads(x, heads);
  const auto halves = split.chunk(2, -1);
  return split * cos.unsqueeze(1) + torch::cat({-halves[1], halves[0]}, -1) * sin.unsqueeze(1);
}

// Shares each of kv_heads keys among `group` consecutive queries. [B, kv, T, d] -> [B, kv * group, T, d]
torch::Tensor repeat_heads(const torch::Tensor& x, std::int64_t group) {
  if (group == 1) return x;
  return x.unsqueeze(2).expand({-1, -1, group, -1, -1}).flatten(1, 2);
}

// Frequencies of the rotations [head_dim / 2], as transformers' modeling_rope_utils gives them, to the same
// bit: an error of theirs is multiplied by the position.
torch::Tensor rotary_frequencies(const Qwen2Config& c) {
  const auto plain =
      1 / torch::pow(c.rope_theta, torch::arange(0, c.head_dim, 2, torch::kFloat32) / double(c.head_dim));
  const RopeScaling& scaling = c.rope_scaling;
  switch (scaling.kind) {
    case RopeScaling::Kind::none:
      return plain;
    case RopeScaling::Kind::linear:
      return plain / scaling.factor;
    case RopeScaling::Kind::llama3:
      break;
  }
  // The share of a frequency that stays: 1 for short waves, 0 for long ones, and linear in 1 / wavelength.
  const auto turns = scaling.original_positions / (2 * std::numbers::pi / plain);  // in the original context
  const auto kept =
      ((turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor)).clamp(0, 1);
  return (1 - kept) * plain / scaling.factor + kept * plain;
}

// The last `count` along a dimension.
torch::Tensor last(const torch::Tensor& x, std::int64_t dim, std::int64_t count) {
  return x.narrow(dim, x.size(dim) - count, count);
}

// Which of `keys` positions each of the last `queries` may see: itself and those before.
// bool [1, 1, queries, keys]
torch::Tensor causal_mask(std::int64_t queries, std::int64_t keys, torch::Device device) {
  return torch::ones({1, 1, queries, keys}, torch::TensorOptions(device).dtype(torch::kBool))
      .tril(keys - queries);
}

Bias input_bias(const Qwen2Config& config) {
  return config.bias == Qwen2Config::Bias::query_key_value ? Bias::own : Bias::none;
}

// What a linear map gave, with what its adapter adds, if there is one.
torch::Tensor adapted(const Qwen2Pass& pass, int layer, Target target, const torch::Tensor& in,
                      const torch::Tensor& out) {
  return pass.adaptation ? pass.adaptation->adapt(layer, target, in, out) : out;
}

// Attention in plain operations and in float32: the backward pass of torch's fused kernel for CPUs takes
// longer, twice as long in bfloat16. Queries that share a key head stand in one matrix, and what a query may
// not see is added to its scores as -inf. q [B, heads, L, d], k and v [B, kv_heads, T, d], mask bool [B or 1,
// 1, L, T] -> [B, heads, L, d]
torch::Tensor attend_plainly(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                             const torch::Tensor& mask) {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const std::int64_t B = q.size(0), kv_heads = k.size(1), group = q.size(1) / kv_heads;
  const auto by_key_head = [&](const torch::Tensor& x) {  // [B * kv_heads, L * group or T, d]
    return x.to(torch::kFloat32).reshape({B * kv_heads, -1, x.size(3)});
  };
  auto hidden = torch::zeros(mask.sizes()).masked_fill_(mask.logical_not(), -INFINITY).unsqueeze(1);
  hidden = hidden.expand({-1, mask.size(0) == 1 ? 1 : kv_heads, group, -1, -1})
               .reshape({-1, group * q.size(2), k.size(2)});
  const auto scores =
      torch::baddbmm(hidden, by_key_head(q) / std::sqrt(double(q.size(3))), by_key_head(k).transpose(1, 2));
  return torch::bmm(torch::softmax(scores, -1), by_key_head(v)).view(q.sizes()).to(q.scalar_type());
}
}  // namespace

RmsNormImpl::RmsNormImpl(std::int64_t size, double eps)
    : weight(register_parameter("weight", torch::empty({size}), false)), eps_(eps) {}

// In float32, and cast back before the weight is applied: the order matters for bit parity in bfloat16.
torch::Tensor RmsNormImpl::forward(const torch::Tensor& x) const {
  if (can_fuse(x) && !weight.requires_grad()) return fused_rms_norm(x, weight, eps_);
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  return torch::rms_norm(x, {x.size(-1)}, {}, eps_) * weight;
}

Qwen2AttentionImpl::Qwen2AttentionImpl(const Qwen2Config& c)
    : config_(c),
      q_proj_(register_module("q_proj", Linear(c.hidden, c.heads * c.head_dim, input_bias(c)))),
      k_proj_(register_module("k_proj", Linear(c.hidden, c.kv_heads * c.head_dim, input_bias(c)))),
      v_proj_(register_module("v_proj", Linear(c.hidden, c.kv_heads * c.head_dim, input_bias(c)))),
      o_proj_(register_module("o_proj", Linear(c.heads * c.head_dim, c.hidden, Bias::none))),
      inputs_({q_proj_, k_proj_, v_proj_}) {}

torch::Tensor Qwen2AttentionImpl::forward(int layer, const torch::Tensor& x, std::int64_t wanted,
                                          const Qwen2Sequence& sequence, const Qwen2Pass& pass) const {
  const bool all = wanted == x.size(1);
  const auto queried = last(x, 1, wanted);
  auto outputs = inputs_.forward(x, all ? 0 : 1);
  if (!all) outputs.insert(outputs.begin(), q_proj_->forward(queried));
  const auto q =
      rotated_heads(adapted(pass, layer, Target::q, queried, outputs[0]), config_.heads,
                    last(sequence.cos, 1, wanted), last(sequence.sin, 1, wanted));  // [B, heads, N, d]
  auto k = rotated_heads(adapted(pass, layer, Target::k, x, outputs[1]), config_.kv_heads, sequence.cos,
                         sequence.sin);  // [B, kv_heads, L, d]
  auto v = split_heads(adapted(pass, layer, Target::v, x, outputs[2]), config_.kv_heads);
  if (pass.cache) std::tie(k, v) = pass.cache->append(layer, k, v);
  auto mask = sequence.mask;
  if (mask.defined()) mask = last(mask, 2, wanted);
  else if (wanted > 1 && wanted < k.size(2)) mask = causal_mask(wanted, k.size(2), x.device());
  const auto attended = attend(q, k, v, mask);
  return adapted(pass, layer, Target::o, attended, o_proj_->forward(attended));
}

// [B, heads, L, d] over [B, kv_heads, T, d] -> [B, L, heads * d]
torch::Tensor Qwen2AttentionImpl::attend(const torch::Tensor& q, const torch::Tensor& k,
                                         const torch::Tensor& v, const torch::Tensor& mask) const {
  const std::int64_t group = config_.heads / config_.kv_heads;
  const std::optional<torch::Tensor> allowed = mask.defined() ? std::optional(mask) : std::nullopt;
  if (q.is_cpu() && torch::GradMode::is_enabled())
    return join_heads(
        attend_plainly(q, k, v, mask.defined() ? mask : causal_mask(q.size(2), k.size(2), q.device())));
  if (q.size(2) == 1) {
    // The queries that share a key head can stand in one matrix: the same keys are hidden from all.
    const auto grouped = q.reshape({q.size(0), config_.kv_heads, group, config_.head_dim});
    return at::scaled_dot_product_attention(grouped, k, v, allowed).reshape({q.size(0), 1, -1});
  }
  return join_heads(at::scaled_dot_product_attention(q, repeat_heads(k, group), repeat_heads(v, group),
                                                     allowed, 0.0, !allowed));
}

Qwen2MlpImpl::Qwen2MlpImpl(const Qwen2Config& c)
    : gate_proj_(register_module("gate_proj", Linear(c.hidden, c.intermediate, Bias::none))),
      up_proj_(register_module("up_proj", Linear(c.hidden, c.intermediate, Bias::none))),
      down_proj_(register_module("down_proj", Linear(c.intermediate, c.hidden, Bias::none))),
      inputs_({gate_proj_, up_proj_}) {}

torch::Tensor Qwen2MlpImpl::forward(int layer, const torch::Tensor& x, const Qwen2Pass& pass) const {
  const auto outputs = inputs_.forward(x);
  const auto gate = adapted(pass, layer, Target::gate, x, outputs[0]);
  const auto up = adapted(pass, layer, Target::up, x, outputs[1]);
  const auto gated = can_fuse(gate) ? fused_swiglu(gate, up) : torch::silu(gate) * up;
  return adapted(pass, layer, Target::down, gated, down_proj_->forward(gated));
}

Qwen2LayerImpl::Qwen2LayerImpl(const Qwen2Config& c)
    : input_layernorm_(register_module("input_layernorm", RmsNorm(c.hidden, c.rms_norm_eps))),
      self_attn_(register_module("self_attn", Qwen2Attention(c))),
      post_attention_layernorm_(
          register_module("post_attention_layernorm", RmsNorm(c.hidden, c.rms_norm_eps))),
      mlp_(register_module("mlp", Qwen2Mlp(c))) {}

torch::Tensor Qwen2LayerImpl::forward(int layer, torch::Tensor x, std::int64_t wanted,
                                      const Qwen2Sequence& sequence, const Qwen2Pass& pass) const {
  x = last(x, 1, wanted) + self_attn_->forward(layer, input_layernorm_->forward(x), wanted, sequence, pass);
  return x + mlp_->forward(layer, post_attention_layernorm_->forward(x), pass);
}

Qwen2BodyImpl::Qwen2BodyImpl(const Qwen2Config& c)
    : embed_tokens(register_module("embed_tokens", Table(c.vocab_size, c.hidden))),
      config_(c),
      inv_freq_(rotary_frequencies(c)),
      layers_(register_module("layers", torch::nn::ModuleList())),
      norm_(register_module("norm", RmsNorm(c.hidden, c.rms_norm_eps))) {
  for (int i = 0; i < c.layers; ++i) layers_->push_back(Qwen2Layer(c));
}

void Qwen2BodyImpl::join() {
  for (int i = 0; i < config_.layers; ++i) layers_->at<Qwen2LayerImpl>(i).join();
}

Qwen2Sequence Qwen2BodyImpl::sequence(const torch::Tensor& x, const Qwen2Pass& pass) const {
  const std::int64_t past = pass.cache ? pass.cache->length() : 0, length = x.size(1), total = past + length;
  auto positions = torch::arange(past, total, torch::dtype(torch::kFloat32).device(x.device())).unsqueeze(0);
  if (pass.padding.defined()) positions = (positions - pass.padding.unsqueeze(1)).clamp_min(0);  // [B, L]
  auto angles = positions.unsqueeze(-1) * inv_freq_.to(x.device());  // [B or 1, L, d / 2]
  angles = torch::cat({angles, angles}, -1);
  Qwen2Sequence sequence{angles.cos().to(x.scalar_type()), angles.sin().to(x.scalar_type()), {}};
  if (!pass.padding.defined()) return sequence;

  // A query sees the keys up to itself that hold something. One that holds nothing sees itself: with no key
  // at all its output would be NaN.
  const auto keys = torch::arange(total, x.device()),
             queries = torch::arange(past, total, x.device()).unsqueeze(1);
  const auto holds = keys.view({1, 1, 1, -1}) >= pass.padding.view({-1, 1, 1, 1});  // [B, 1, 1, total]
  sequence.mask = torch::logical_or(torch::logical_and(keys <= queries, holds), keys == queries);
  return sequence;
}

torch::Tensor Qwen2BodyImpl::forward(torch::Tensor x, const Qwen2Pass& pass) const {
  TORCH_CHECK(x.dim() == 3 && x.size(2) == config_.hidden, "embeddings are ", x.sizes(), ", expected [B, L, ",
              config_.hidden, "]");
  const Qwen2Sequence shared = sequence(x, pass);
  const std::int64_t length = x.size(1), wanted = pass.wanted ? pass.wanted : length;
  // All layers before the last one need every position: what comes later sees it.
  for (int i = 0; i < config_.layers; ++i)
    x = layers_->at<Qwen2LayerImpl>(i).forward(i, x, i + 1 < config_.layers ? length : wanted, shared, pass);
  if (pass.cache) pass.cache->advance(length);
  return norm_->forward(x);
}

Qwen2Impl::Qwen2Impl(const Qwen2Config& config)
    : config_(config), model_(register_module("model", Qwen2Body(config))) {
  if (config.head == Qwen2Config::Head::own)
    lm_head_ = register_module("lm_head", Linear(config.hidden, config.vocab_size, Bias::none));
}

torch::Tensor Qwen2Impl::logits(const torch::Tensor& hidden) const {
  const auto out = lm_head_ ? lm_head_->forward(hidden) : torch::linear(hidden, model_->embed_tokens->weight);
  return out.to(torch::kFloat32);
}

Result<Qwen2> load_qwen2(const std::filesystem::path& directory, const Placement& placement) {
  const auto config = read_qwen2_config(directory);
  if (!config) return config.error();
  const auto weights = Weights::open(directory);
  if (!weights) return weights.error();
  Qwen2 llm(*config);
  if (const auto loaded = load_parameters(*llm, *weights, "", placement, Access::read); !loaded)
    return loaded.error();
  // Fewer launches. On a CPU a step took 1.03 to 1.05 of its time so, and weights would no longer be mapped.
  if (placement.device.is_cuda()) llm->join();
  return llm;
}

}  // namespace sweetspot::worker
