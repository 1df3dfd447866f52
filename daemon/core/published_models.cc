#include "daemon/core/published_models.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

namespace sweetspot {
extern const std::string_view kPublishedResults;  // examples/paper/published.json
}

namespace sweetspot::daemon {
namespace {

std::string without_revision(const std::string& id) { return id.substr(0, id.find('@')); }

// The rest of a name after its beginning; nullopt: it begins otherwise.
std::optional<std::string> after(const std::string& name, std::string_view beginning) {
  if (!name.starts_with(beginning)) return std::nullopt;
  return name.substr(beginning.size());
}

std::string without_end(std::string name, std::string_view end) {
  if (name.ends_with(end)) name.resize(name.size() - end.size());
  return name;
}

Qwen2Config qwen(std::int64_t hidden, std::int64_t layers, std::int64_t heads, std::int64_t kv_heads,
                 std::int64_t intermediate) {
  const bool large = hidden == 3584;  // 7B has a head of its own and a larger table
  return {.hidden = hidden,
          .layers = layers,
          .heads = heads,
          .kv_heads = kv_heads,
          .head_dim = hidden / heads,
          .intermediate = intermediate,
          .vocab_size = large ? 152064 : 151936,
          .rope_theta = 1e6,
          .head = large ? Qwen2Config::Head::own : Qwen2Config::Head::tied};
}

using Published = std::map<std::pair<std::string, int>, std::int64_t>;

Published read_published() {
  Published counts;
  const auto document = nlohmann::json::parse(kPublishedResults);
  for (const auto& cell : document.at("cells"))
    if (cell.contains("encoder_params"))  // the paper's tables do not say it of every depth
      counts[{cell.at("encoder"), cell.at("layers")}] = cell["encoder_params"];
  return counts;
}

}  // namespace

std::optional<EncoderShape> published_encoder(const std::string& id) {
  static const std::map<std::string, EncoderShape> shapes = {
      {"tiny", {4, 384, 80, 1500, 1536}},        {"base", {6, 512, 80, 1500, 2048}},
      {"small", {12, 768, 80, 1500, 3072}},      {"medium", {24, 1024, 80, 1500, 4096}},
      {"large", {32, 1280, 80, 1500, 5120}},     {"large-v2", {32, 1280, 80, 1500, 5120}},
      {"large-v3", {32, 1280, 128, 1500, 5120}}, {"large-v3-turbo", {32, 1280, 128, 1500, 5120}}};
  const auto size = after(without_revision(id), "openai/whisper-");
  const auto found = size ? shapes.find(without_end(*size, ".en")) : shapes.end();
  return found == shapes.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Qwen2Config> published_llm(const std::string& id) {
  static const std::map<std::string, Qwen2Config> configs = {{"0.5B", qwen(896, 24, 14, 2, 4864)},
                                                             {"1.5B", qwen(1536, 28, 12, 2, 8960)},
                                                             {"3B", qwen(2048, 36, 16, 2, 11008)},
                                                             {"7B", qwen(3584, 28, 28, 4, 18944)}};
  const std::string name = without_revision(id);
  auto size = after(name, "Qwen/Qwen2.5-");
  if (!size) size = after(name, "Qwen/Qwen2-");
  const auto found = size ? configs.find(without_end(*size, "-Instruct")) : configs.end();
  return found == configs.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::int64_t> published_encoder_parameters(const std::string& id, int layers) {
  static const Published counts = read_published();
  const auto found = counts.find({without_revision(id), layers});
  return found == counts.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace sweetspot::daemon
