#include "daemon/cached_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "daemon/core/model_size.h"
#include "schemas/hub_cache.h"
#include "schemas/model_directory.h"

namespace sweetspot::daemon {
namespace {

namespace fs = std::filesystem;

// models--org--name -> org/name
std::optional<std::string> id_of_folder(const std::string& folder) {
  constexpr std::string_view kPrefix = "models--";
  if (!folder.starts_with(kPrefix)) return std::nullopt;
  std::string id = folder.substr(kPrefix.size());
  if (const auto between = id.find("--"); between != id.npos) id.replace(between, 2, "/");
  return parse_hub_model(id) ? std::optional(id) : std::nullopt;
}

std::optional<CachedModel> look_at(const std::string& id) {
  CachedModel model{.id = id};
  const auto directory = model_directory(id);
  if (!directory) {
    model.problems.push_back(directory.error());
    return model;
  }
  model.commit = directory->filename().string();
  const auto document = read_json_file(*directory / "config.json");
  if (!document) {
    model.problems.push_back(document.error());
    return model;
  }
  const std::string type = document->contains("model_type") && (*document)["model_type"].is_string()
                               ? (*document)["model_type"].get<std::string>()
                               : "";
  if (type == "whisper") {
    if (const auto config = read_whisper_config(*directory)) model.encoder = *config;
    else model.problems.push_back(config.error());
  } else if (type == "qwen2" || type == "llama") {
    if (const auto config = read_qwen2_config(*directory)) model.llm = *config;
    else model.problems.push_back(config.error());
  } else {
    return std::nullopt;
  }
  if (const auto weights = weight_files(*directory); !weights) model.problems.push_back(weights.error());
  return model;
}

}  // namespace

std::vector<CachedModel> cached_models() {
  std::vector<CachedModel> models;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(hub_cache(), unreadable)) {
    const auto id = id_of_folder(entry.path().filename().string());
    if (auto model = id ? look_at(*id) : std::nullopt) models.push_back(*std::move(model));
  }
  std::ranges::sort(models, {}, &CachedModel::id);
  return models;
}

std::string with_thousands(std::int64_t count) {
  std::string digits = std::to_string(count);
  for (auto at = std::ssize(digits) - 3; at > 0; at -= 3) digits.insert(std::size_t(at), ",");
  return digits;
}

std::string describe(const CachedModel& model) {
  if (model.encoder) {
    const EncoderShape shape = encoder_shape(*model.encoder);
    return fmt::format("{} layers, {} parameters in the encoder", shape.layers,
                       with_thousands(encoder_parameters(shape, shape.layers)));
  }
  if (!model.llm) return "";
  return fmt::format("{} layers, {} parameters; LoRA of q, k, v, o: {} at r = 8, {} at r = 16",
                     model.llm->layers, with_thousands(llm_parameters(*model.llm)),
                     with_thousands(adapter_parameters({.r = 8}, *model.llm)),
                     with_thousands(adapter_parameters({.r = 16}, *model.llm)));
}

}  // namespace sweetspot::daemon
