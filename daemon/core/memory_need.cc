#include "daemon/core/memory_need.h"

#include <algorithm>
#include <cmath>

#include "daemon/core/model_size.h"
#include "schemas/feature_cache.h"

namespace sweetspot::daemon {
namespace {

constexpr std::int64_t kFloat = 4;
constexpr std::int64_t kPromptTokens = 8;  // "Transcribe speech to text.\n", and eos
constexpr std::int64_t kLongestSeconds = 30;

// Tokens of one sequence of the longest clip: audio, prompt, answer.
struct Lengths {
  std::int64_t frames = 0, prompt = 0, answer = 0;
  std::int64_t whole() const { return prompt + answer; }
};

// A clip is padded to the next whole second, as in the paper's code.
Lengths longest(const Cell& cell) {
  const auto seconds = std::min(kLongestSeconds, std::int64_t(std::floor(cell.corpus.filter_seconds[1])) + 1);
  const std::int64_t frames = seconds * kFramesASecond;
  return {.frames = frames,
          .prompt = frames / cell.projector.frames + kPromptTokens,
          .answer = cell.eval.max_new_tokens + 1};
}

std::int64_t adapter_inputs(const Cell& cell, const Qwen2Config& llm) {
  std::int64_t widths = 0;
  if (cell.lora)
    for (const std::string& target : cell.lora->targets)
      widths += target == "o" ? llm.heads * llm.head_dim : target == "down" ? llm.intermediate : llm.hidden;
  return widths;
}

std::int64_t of_training(const Cell& cell, const Qwen2Config& llm, std::int64_t e) {
  const Lengths length = longest(cell);
  const std::int64_t queries = llm.heads * llm.head_dim, keys = llm.kv_heads * llm.head_dim;
  const std::int64_t of_a_token = 2 * (2 * kFloat + e) * llm.hidden + e * (3 * queries + 4 * keys) +
                                  4 * e * llm.intermediate + 2 * e * adapter_inputs(cell, llm);
  return cell.train.batch *
         (length.whole() * llm.layers * of_a_token + length.answer * llm.vocab_size * 3 * kFloat);
}

std::int64_t of_evaluation(const Cell& cell, const EncoderShape& encoder, const Qwen2Config& llm,
                           std::int64_t e, Hardware hardware) {
  const Lengths length = longest(cell);
  // On a GPU a batch joins the half that is left of the one before.
  const std::int64_t halves = hardware == Hardware::gpu ? 3 : 2;
  const std::int64_t sequences = std::int64_t(cell.eval.batch) * cell.eval.beam * halves / 2,
                     keys = llm.kv_heads * llm.head_dim;
  const std::int64_t cache = sequences * length.whole() * llm.layers * 2 * keys * e;
  const std::int64_t logits = sequences * llm.vocab_size * 3 * kFloat;
  const std::int64_t in_llm = cell.eval.batch * length.prompt * e * (3 * llm.intermediate + 4 * llm.hidden);
  const std::int64_t in_encoder = cell.eval.batch * length.frames * e * (2 * encoder.ffn + 4 * encoder.width);
  return std::max(cache + logits + in_llm, in_encoder);
}

}  // namespace

MemoryNeed memory_need(const Cell& cell, const EncoderShape& encoder, const Qwen2Config& llm,
                       Hardware hardware) {
  const bool half = hardware == Hardware::gpu && cell.train.precision == "bf16";
  const std::int64_t e = half ? 2 : 4;
  const std::int64_t trained = projector_parameters(cell.projector, encoder.width, llm.hidden) +
                               (cell.lora ? adapter_parameters(*cell.lora, llm) : 0);
  return {.weights = e * (encoder_parameters(encoder, cell.layers) + llm_parameters(llm)),
          .trained = trained * (half ? 22 : 20),
          .activations = std::max(of_training(cell, llm, e), of_evaluation(cell, encoder, llm, e, hardware)),
          .features = kFeatureCacheBytes};
}

Footprint footprint(const MemoryNeed& need) {
  return {.shared = need.weights + need.features, .own = need.trained + need.activations};
}

bool fits(const MemoryNeed& need, std::int64_t bytes) { return need.total() <= bytes / 10 * 9; }

}  // namespace sweetspot::daemon
