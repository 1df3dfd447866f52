// Beam search and greedy search with the results of Hugging Face's generate() (transformers 5): each
// utterance by itself, whatever else is in the batch.
#pragma once

#include <vector>

#include "worker/decode/generation.h"

namespace sweetspot::worker {

struct BeamOptions {
  int beam = 2;  // 1: greedy
  int max_new_tokens = 128;
  double length_penalty = 1;      // a finished sequence of n tokens scores log p / n^length_penalty
  double repetition_penalty = 1;  // see Generation::penalise
  Quirk quirk = Quirk::none;
  bool operator==(const BeamOptions&) const = default;
};

// The best continuation of each prompt, with the end token that closed it, if one did.
std::vector<TokenIds> beam_search(const Qwen2& llm, const Prompts& prompts, const BeamOptions& options);

// The most probable token at every step. The penalty is applied to logits here, to log probabilities above.
std::vector<TokenIds> greedy_search(const Qwen2& llm, const Prompts& prompts, const BeamOptions& options);

}  // namespace sweetspot::worker
