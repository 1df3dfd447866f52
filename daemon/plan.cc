#include "daemon/plan.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "schemas/json_text.h"
#include "schemas/model_directory.h"

namespace sweetspot::daemon {

namespace {
namespace fs = std::filesystem;
using json = nlohmann::json;

// The published Whispers, so that a sweep over them can be planned before they are fetched.
std::optional<EncoderShape> published_shape(const std::string& id) {
  static const std::map<std::string, EncoderShape> shapes = {
      {"tiny", {4, 384, 80, 1500, 1536}},       {"base", {6, 512, 80, 1500, 2048}},
      {"small", {12, 768, 80, 1500, 3072}},     {"medium", {24, 1024, 80, 1500, 4096}},
      {"large", {32, 1280, 80, 1500, 5120}},    {"large-v2", {32, 1280, 80, 1500, 5120}},
      {"large-v3", {32, 1280, 128, 1500, 5120}}};
  const std::string prefix = "openai/whisper-";
  if (!id.starts_with(prefix)) return std::nullopt;
  std::string size = id.substr(prefix.size());
  if (size.ends_with(".en")) size.resize(size.size() - 3);
  const auto found = shapes.find(size);
  return found == shapes.end() ? std::nullopt : std::optional(found->second);
}

std::optional<EncoderShape> shape_of(const std::string& encoder) {
  const auto directory = model_directory(encoder);
  if (!directory) return published_shape(encoder);
  std::ostringstream text;
  text << std::ifstream(*directory / "config.json").rdbuf();
  const auto config = parse_json(text.str());
  try {
    if (!config) return std::nullopt;
    const int width = config->at("d_model");
    return EncoderShape{config->at("encoder_layers"), width, config->value("num_mel_bins", 80),
                        config->value("max_source_positions", 1500),
                        config->value("encoder_ffn_dim", 4 * width)};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

bool has_weights(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / "model.safetensors", ignored) ||
         fs::exists(directory / "model.safetensors.index.json", ignored);
}

void check_model(const std::string& model, const std::string& at, Errors& missing) {
  const auto directory = model_directory(model);
  if (!directory) {
    Error error = directory.error();
    error.pointer = at;
    missing.push_back(std::move(error));
  } else if (!has_weights(*directory)) {
    missing.push_back({"model_missing",
                       "model '" + model + "': no model.safetensors in " + directory->string(),
                       "other formats (.bin, .pt) are not read: convert them to safetensors", at});
  }
}

void check_corpus(const CorpusSpec& corpus, const std::string& at, Errors& missing) {
  const fs::path root = corpus.path;
  if (!root.is_absolute()) {
    missing.push_back({"corpus_missing", "corpus path '" + corpus.path + "' is relative",
                       "give an absolute path", at + "/path"});
    return;
  }
  const bool manifests = corpus.format == "nemo-manifest";
  std::error_code ignored;
  for (const char* split : {"train", "dev", "test"}) {
    const fs::path file = root / (std::string(split) + (manifests ? ".json" : ".tsv"));
    if (fs::exists(file, ignored)) continue;
    missing.push_back({"corpus_missing", "there is no " + file.string(),
                       manifests ? "a nemo-manifest corpus has train.json, dev.json and test.json"
                                 : "a Common Voice corpus has train.tsv, dev.tsv, test.tsv and clips/",
                       at + "/path"});
  }
}
}  // namespace

Plan make_plan(const SweepSpec& spec) {
  Plan plan{.grid = expand(spec, shape_of)};
  for (std::size_t i = 0; i < spec.encoders.size(); ++i) {
    check_model(spec.encoders[i], fmt::format("/axes/encoder/{}", i), plan.missing);
  }
  check_model(spec.llm, "/llm", plan.missing);
  for (const auto& language : spec.languages) {
    check_corpus(spec.corpora.at(language), "/corpora/" + language, plan.missing);
  }
  return plan;
}

}  // namespace sweetspot::daemon
