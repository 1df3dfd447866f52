// Beam search and greedy search with the results of Hugging Face's generate() (transformers 5): each
// utterance by itself, whatever else is in the batch. Greedy search penalises logits, beam search log
// probabilities.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "worker/decode/generation.h"

namespace sweetspot::worker {

// The best continuation of each prompt, with the end token that closed it, if one did.
std::vector<TokenIds> beam_search(const Qwen2& llm, const Prompts& prompts, const BeamOptions& options);

// The same of batch after batch, in their order. `next` gives one of the same cells, or none at the end; it
// is asked as soon as half of the batch before is done, whose other half the new one then joins.
using NextPrompts = std::function<std::optional<Prompts>()>;
std::vector<TokenIds> beam_search(const Qwen2& llm, const NextPrompts& next, const BeamOptions& options);

}  // namespace sweetspot::worker
