// What is published of models, so that a sweep over them can be planned before they are fetched, and what
// arXiv 2603.27981 says of their encoders.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/grid.h"
#include "schemas/model_config.h"

namespace sweetspot::daemon {

// openai/whisper-tiny to large-v3, by id (a @revision is not looked at).
std::optional<EncoderShape> published_encoder(const std::string& id);

// Qwen/Qwen2-... and Qwen/Qwen2.5-..., 0.5B to 7B, base and Instruct.
std::optional<Qwen2Config> published_llm(const std::string& id);

// Parameters of an encoder cut to so many layers as examples/paper/published.json has them: rounded by the
// paper, and beside the true count.
std::optional<std::int64_t> published_encoder_parameters(const std::string& id, int layers);

}  // namespace sweetspot::daemon
