// How many parameters the parts of a cell have, from the shapes that config.json states. Pure; equal to what
// the worker counts in its tensors.
#pragma once

#include <cstdint>

#include "daemon/core/grid.h"
#include "schemas/cell.h"
#include "schemas/model_config.h"

namespace sweetspot::daemon {

EncoderShape encoder_shape(const WhisperConfig& config);

// Embeddings, layers and final norm; a head of its own where it is not tied to the embeddings.
std::int64_t llm_parameters(const Qwen2Config& llm);

// Two linear maps with biases, frames * encoder width -> hidden -> LLM width, and a layer norm.
std::int64_t projector_parameters(const ProjectorSpec& projector, std::int64_t encoder_width,
                                  std::int64_t llm_width);

// r * (in + out) for each target of each layer.
std::int64_t adapter_parameters(const LoraSpec& lora, const Qwen2Config& llm);

}  // namespace sweetspot::daemon
