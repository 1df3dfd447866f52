#include "schemas/model_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "schemas/json_text.h"

namespace sweetspot {

namespace {
namespace fs = std::filesystem;
using nlohmann::json;

// Reads fields of one config.json and remembers the first thing that is wrong with it.
class ConfigReader {
 public:
  ConfigReader(fs::path path, const json& document) : path_(std::move(path)), document_(document) {}

  // A positive integer that must be there.
  std::int64_t size(const char* name) {
    const std::int64_t value = integer(name, 0);
    if (value < 1 || value > 1 << 24) refuse(name, "must be a positive integer");
    return value;
  }
  std::int64_t size(const char* name, std::int64_t absent) { return has(name) ? size(name) : absent; }
  std::int64_t integer(const char* name, std::int64_t absent) {
    if (!has(name)) return absent;
    if (!document_[name].is_number_integer()) return refuse(name, "must be an integer"), absent;
    return document_[name].get<std::int64_t>();
  }
  double positive(const char* name, double absent) {
    if (!has(name)) return absent;
    if (!document_[name].is_number() || !(document_[name].get<double>() > 0))
      return refuse(name, "must be a positive number"), absent;
    return document_[name].get<double>();
  }
  bool flag(const char* name) {
    return has(name) && document_[name].is_boolean() && document_[name].get<bool>();
  }
  std::string text(const char* name, std::string absent) {
    return has(name) && document_[name].is_string() ? document_[name].get<std::string>() : absent;
  }
  bool has(const char* name) const { return document_.contains(name) && !document_[name].is_null(); }
  const json& operator[](const char* name) const { return document_[name]; }

  void refuse(const char* name, const std::string& why) {
    fail({"model_invalid",
          fmt::format("{}: field '{}' is {}: {}", path_.string(), name,
                      has(name) ? document_[name].dump() : "absent", why),
          "fetch the model's config.json again", fmt::format("/{}", name)});
  }
  void unsupported(const char* name, const std::string& supported) {
    fail({"model_unsupported",
          fmt::format("{}: field '{}' is {}", path_.string(), name,
                      has(name) ? document_[name].dump() : "absent"),
          "supported: " + supported, fmt::format("/{}", name)});
  }
  template <class Config>
  Result<Config> finish(Config config) {
    if (error_) return *error_;
    return config;
  }

 private:
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  fs::path path_;
  const json& document_;
  std::optional<Error> error_;
};

fs::path config_file(const fs::path& path) { return fs::is_directory(path) ? path / "config.json" : path; }

// Old files state rope_theta and rope_scaling, files of transformers 5 both in rope_parameters.
const char* rope_field(const ConfigReader& in) {
  return in.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
}

double rope_theta(ConfigReader& in) {
  if (!in.has("rope_parameters") || !in["rope_parameters"].is_object())
    return in.positive("rope_theta", 10000);
  const json& theta = in["rope_parameters"].value("rope_theta", json(10000.0));
  if (theta.is_number() && theta.get<double>() > 0) return theta.get<double>();
  return in.refuse("rope_parameters", "rope_theta must be a positive number"), 10000;
}

// Errors are left in the reader.
RopeScaling rope_scaling(ConfigReader& in) {
  const char* field = rope_field(in);
  if (!in.has(field)) return {};
  const json& stated = in[field];
  if (!stated.is_object()) return in.refuse(field, "must be an object"), RopeScaling{};
  const auto number = [&](const char* name) {
    const auto found = stated.find(name);
    if (found != stated.end() && found->is_number() && found->get<double>() > 0) return found->get<double>();
    return in.refuse(field, fmt::format("{} must be a positive number", name)), 1.0;
  };
  const json type =
      stated.contains("rope_type") ? stated["rope_type"] : stated.value("type", json("default"));
  if (type == "default") return {};
  if (type == "linear") return {.kind = RopeScaling::Kind::linear, .factor = number("factor")};
  if (type == "llama3")
    return {.kind = RopeScaling::Kind::llama3,
            .factor = number("factor"),
            .low_freq_factor = number("low_freq_factor"),
            .high_freq_factor = number("high_freq_factor"),
            .original_positions = number("original_max_position_embeddings")};
  return in.unsupported(field, "rope_type default, linear and llama3"), RopeScaling{};
}

// Windows are never slid: a layer that would is refused, one that is told not to is as any other.
void refuse_sliding_windows(ConfigReader& in) {
  if (in.flag("use_sliding_window")) in.unsupported("use_sliding_window", "false");
  if (!in.has("layer_types")) return;
  const json& types = in["layer_types"];
  if (!types.is_array() || std::ranges::any_of(types, [](auto& type) { return type != "full_attention"; }))
    in.unsupported("layer_types", "full_attention alone");
}
}  // namespace

Result<json> read_json_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return Error{"model_invalid", path.string() + ": cannot be read", "check the path", ""};
  auto document = parse_json(text);
  if (!document)
    return Error{"model_invalid", path.string() + ": " + document.error().message, document.error().hint, ""};
  if (!document->is_object()) return Error{"model_invalid", path.string() + ": is not a JSON object", "", ""};
  return document;
}

Result<WhisperConfig> read_whisper_config(const fs::path& path) {
  const fs::path file = config_file(path);
  const auto document = read_json_file(file);
  if (!document) return document.error();
  ConfigReader in(file, *document);
  if (in.text("model_type", "") != "whisper") in.unsupported("model_type", "\"whisper\" as an encoder");
  if (in.text("activation_function", "gelu") != "gelu") in.unsupported("activation_function", "\"gelu\"");
  if (in.flag("scale_embedding")) in.unsupported("scale_embedding", "false");
  WhisperConfig config{.d_model = in.size("d_model"),
                       .encoder_layers = in.size("encoder_layers"),
                       .encoder_heads = in.size("encoder_attention_heads"),
                       .encoder_ffn = in.size("encoder_ffn_dim"),
                       .decoder_layers = in.size("decoder_layers"),
                       .decoder_heads = in.size("decoder_attention_heads"),
                       .decoder_ffn = in.size("decoder_ffn_dim"),
                       .mel_bins = in.size("num_mel_bins", 80),
                       .max_source_positions = in.size("max_source_positions", 1500),
                       .max_target_positions = in.size("max_target_positions", 448),
                       .vocab_size = in.size("vocab_size"),
                       .eos_token_id = in.integer("eos_token_id", 50257),
                       .decoder_start_token_id = in.integer("decoder_start_token_id", 50257)};
  if (config.encoder_heads > 0 && config.d_model % config.encoder_heads)
    in.refuse("encoder_attention_heads", fmt::format("must divide d_model {}", config.d_model));
  return in.finish(config);
}

Result<Qwen2Config> read_qwen2_config(const fs::path& path) {
  const fs::path file = config_file(path);
  const auto document = read_json_file(file);
  if (!document) return document.error();
  ConfigReader in(file, *document);
  const std::string type = in.text("model_type", "");
  if (type != "qwen2" && type != "llama") in.unsupported("model_type", "\"qwen2\" and \"llama\"");
  if (in.text("hidden_act", "silu") != "silu") in.unsupported("hidden_act", "\"silu\"");
  refuse_sliding_windows(in);
  if (in.flag("mlp_bias")) in.unsupported("mlp_bias", "false");
  if (type == "llama" && in.flag("attention_bias")) in.unsupported("attention_bias", "false");
  if (in.has("partial_rotary_factor") && in["partial_rotary_factor"] != 1)
    in.unsupported("partial_rotary_factor", "1");
  Qwen2Config config{
      .hidden = in.size("hidden_size"),
      .layers = in.size("num_hidden_layers"),
      .heads = in.size("num_attention_heads"),
      .kv_heads = in.size("num_key_value_heads", in.size("num_attention_heads")),
      .intermediate = in.size("intermediate_size"),
      .vocab_size = in.size("vocab_size"),
      .rms_norm_eps = in.positive("rms_norm_eps", 1e-6),
      .rope_theta = rope_theta(in),
      .rope_scaling = rope_scaling(in),
      .bias = type == "qwen2" ? Qwen2Config::Bias::query_key_value : Qwen2Config::Bias::none,
      .head = in.flag("tie_word_embeddings") ? Qwen2Config::Head::tied : Qwen2Config::Head::own};
  config.head_dim = in.size("head_dim", config.heads ? config.hidden / config.heads : 0);
  if (config.kv_heads > 0 && config.heads % config.kv_heads)
    in.refuse("num_key_value_heads", fmt::format("must divide num_attention_heads {}", config.heads));
  if (config.head_dim % 2) in.refuse("head_dim", "must be even");
  if (in.has("eos_token_id") && in["eos_token_id"].is_array()) {
    for (const json& id : in["eos_token_id"])
      if (id.is_number_integer()) config.eos_token_ids.push_back(id.get<std::int64_t>());
  } else {
    config.eos_token_ids = {in.integer("eos_token_id", -1)};
  }
  for (const std::int64_t id : config.eos_token_ids)
    if (id < 0 || id >= config.vocab_size) in.refuse("eos_token_id", "must be in the vocabulary");
  if (config.eos_token_ids.empty()) in.refuse("eos_token_id", "must name a token");
  return in.finish(config);
}

}  // namespace sweetspot
