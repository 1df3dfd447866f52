// The shapes of models, read from config.json as Hugging Face writes it. Nothing is assumed that it states.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "schemas/result.h"

namespace sweetspot {

inline constexpr int kFramesASecond = 50;  // that a Whisper encoder makes of audio

struct WhisperConfig {
  std::int64_t d_model = 0;
  std::int64_t encoder_layers = 0, encoder_heads = 0, encoder_ffn = 0;
  std::int64_t decoder_layers = 0, decoder_heads = 0, decoder_ffn = 0;
  std::int64_t mel_bins = 80;
  std::int64_t max_source_positions = 1500, max_target_positions = 448;
  std::int64_t vocab_size = 0;
  std::int64_t eos_token_id = 0, decoder_start_token_id = 0;
};

// How rotary frequencies differ from theta^(-2i/d), by rope_type: linear divides all of them by factor;
// llama3 (Llama 3.1 and later) divides those of long waves, and blends between.
struct RopeScaling {
  enum class Kind { none, linear, llama3 } kind = Kind::none;
  double factor = 1;
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3 alone, as the next
  double original_positions = 8192;
  bool operator==(const RopeScaling&) const = default;
};

// Qwen2, and Llama, which differs by having no q, k, v biases.
struct Qwen2Config {
  std::int64_t hidden = 0, layers = 0, heads = 0, kv_heads = 0, head_dim = 0, intermediate = 0;
  std::int64_t vocab_size = 0;
  double rms_norm_eps = 1e-6, rope_theta = 10000;
  RopeScaling rope_scaling;
  std::vector<std::int64_t> eos_token_ids;  // any of them ends an answer; training writes the first
  enum class Bias { none, query_key_value } bias = Bias::query_key_value;
  enum class Head { tied, own } head = Head::tied;
};

// The document of a JSON file. Errors: model_invalid.
Result<nlohmann::json> read_json_file(const std::filesystem::path& path);

// config.json of a model directory, or of any file. Errors: model_invalid, naming file, field and value;
// model_unsupported for a kind of model or an option that is not implemented.
Result<WhisperConfig> read_whisper_config(const std::filesystem::path& path);
Result<Qwen2Config> read_qwen2_config(const std::filesystem::path& path);

}  // namespace sweetspot
