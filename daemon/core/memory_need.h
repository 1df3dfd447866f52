// How much of a device's memory a cell needs: an estimate, to be told before the night and not after it.
// Pure.
#pragma once

#include <cstdint>

#include "daemon/core/grid.h"
#include "daemon/core/workload.h"
#include "schemas/cell.h"
#include "schemas/model_config.h"

namespace sweetspot::daemon {

enum class Hardware { cpu, gpu };

// Bytes. With e = 2 on a GPU in bf16 and 4 otherwise (a CPU always computes in float32):
//   weights      e * (encoder of the kept layers + LLM)
//   trained      (projector + adapter) * 20: float32 weight, gradient, two moments of AdamW, the best epoch's
//   copy;
//                22 on a GPU in bf16, where a cast copy is kept
//   activations  the larger of
//     a training step: per token and LLM layer, what the backward pass reads again, of width h, q (queries),
//     k (keys)
//       and i (intermediate): two RMSNorms 2 * (8 + e) h, attention e * (3 q + 4 k), SwiGLU 4 e i, and for
//       each adapted map its input twice (with dropout's mask); after the layers 12 bytes for each answer
//       token and vocabulary entry (float32 logits, their log-softmax, its gradient). Attention itself keeps
//       no matrix of tokens by tokens.
//     an evaluation step: the keys and values of eval.batch * beam sequences, 12 bytes of logits for each,
//     and the
//       widest layer over the prompt of all clips, in the encoder or in the LLM.
//   features     the worker's cache of encoder features, which it may fill
// Clips count as long as the filter lets them be, and answers as eval.max_new_tokens. What the allocator and
// CUDA take for themselves is not in it: leave a tenth free.
struct MemoryNeed {
  std::int64_t weights = 0, trained = 0, activations = 0, features = 0;
  std::int64_t total() const { return weights + trained + activations + features; }
  bool operator==(const MemoryNeed&) const = default;
};

MemoryNeed memory_need(const Cell& cell, const EncoderShape& encoder, const Qwen2Config& llm,
                       Hardware hardware);

// In a pack the models and the features are there once, the rest for each cell.
Footprint footprint(const MemoryNeed& need);

// Whether so many bytes hold the need with a tenth left free.
bool fits(const MemoryNeed& need, std::int64_t bytes);

}  // namespace sweetspot::daemon
