// The models that lie in the Hugging Face cache of this machine, and what each lacks to be used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schemas/model_config.h"
#include "schemas/result.h"

namespace sweetspot::daemon {

struct CachedModel {
  std::string id, commit;
  std::optional<WhisperConfig> encoder;  // it is a Whisper
  std::optional<Qwen2Config> llm;        // it is a language model
  Errors problems;                       // empty: it can be used
};

// Sorted by id; models of other kinds are left out.
std::vector<CachedModel> cached_models();

// "12 layers, 88,154,112 parameters in the encoder", or of an LLM with its adapters.
std::string describe(const CachedModel& model);

// 7372800 -> "7,372,800"
std::string with_thousands(std::int64_t count);

}  // namespace sweetspot::daemon
