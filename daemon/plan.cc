#include "daemon/plan.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "daemon/core/model_size.h"
#include "daemon/core/published_models.h"
#include "schemas/corpus_files.h"
#include "schemas/model_directory.h"

namespace sweetspot::daemon {

namespace {
namespace fs = std::filesystem;
using json = nlohmann::json;

// What the grid needs is little, so a config.json that lacks the rest still has its depths.
std::optional<EncoderShape> shape_of(const std::string& encoder) {
  const auto directory = model_directory(encoder);
  if (!directory) return published_encoder(encoder);
  const auto config = read_json_file(*directory / "config.json");
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

std::optional<Qwen2Config> llm_of(const std::string& llm) {
  const auto directory = model_directory(llm);
  if (!directory) return published_llm(llm);
  const auto config = read_qwen2_config(*directory);
  return config ? std::optional(*config) : std::nullopt;
}

// What is wrong with a model that is here, all at once. A config.json that does not say what it is of is left
// to the worker.
Errors problems_of(const fs::path& directory, Role role) {
  Errors errors;
  const auto document = read_json_file(directory / "config.json");
  if (!document) errors.push_back(document.error());
  else if (document->contains("model_type")) {
    if (role == Role::encoder) {
      if (const auto config = read_whisper_config(directory); !config) errors.push_back(config.error());
    } else if (const auto config = read_qwen2_config(directory); !config) {
      errors.push_back(config.error());
    }
    if (role == Role::llm && !fs::exists(directory / "tokenizer.json"))
      errors.push_back({"model_missing", directory.string() + ": there is no tokenizer.json",
                        "fetch it again, or make it with transformers: AutoTokenizer...save_pretrained(DIR)",
                        ""});
  }
  if (const auto weights = weight_files(directory); !weights) errors.push_back(weights.error());
  return errors;
}

void check_model(const std::string& model, Role role, const std::string& at, Plan& plan) {
  const auto directory = model_directory(model);
  Errors errors = directory ? problems_of(*directory, role) : Errors{directory.error()};
  for (Error& error : errors) {
    error.pointer = at;
    plan.missing.push_back(std::move(error));
  }
  PlannedModel& planned = plan.models[model];
  planned.role = role;
  if (!directory) return;
  planned.directory = directory->string();
  if (!model.starts_with('/')) planned.commit = directory->filename().string();
}

void check_corpus(const CorpusSpec& corpus, const std::string& at, Errors& missing) {
  if (!fs::path(corpus.path).is_absolute()) {
    missing.push_back({"corpus_missing", "corpus path '" + corpus.path + "' is relative",
                       "give an absolute path", at + "/path"});
    return;
  }
  for (const char* split : {"train", "dev", "test"}) {
    const auto files = split_files(corpus, split);
    if (files) continue;
    missing.push_back(files.error());
    missing.back().pointer = at + files.error().pointer;
  }
}
// How much memory its cells take, where that can be said. Seeds make no difference to it.
void weigh(Plan& plan) {
  Workloads workloads;
  if (!plan.llm) return;
  std::map<std::pair<const Cell*, const json*>, std::pair<Footprint, Footprint>> weighed;
  for (GridCell& point : plan.grid.cells) {
    const auto shape = plan.encoders.find(point.base->encoder);
    if (shape == plan.encoders.end()) continue;
    const auto [known, is_new] = weighed.try_emplace({point.base.get(), point.settings.get()});
    auto& [cpu, gpu] = known->second;
    if (is_new) {
      cpu = footprint(memory_need(point.cell(), shape->second, *plan.llm, Hardware::cpu));
      gpu = footprint(memory_need(point.cell(), shape->second, *plan.llm, Hardware::gpu));
    }
    Workload workload = *point.workload;
    workload.cpu = cpu, workload.gpu = gpu;
    point.workload = workloads.of(std::move(workload));
  }
}
}  // namespace

Plan make_plan(const SweepSpec& spec) {
  Plan plan{.grid = expand(spec, shape_of), .llm = llm_of(spec.llm)};
  for (std::size_t i = 0; i < spec.encoders.size(); ++i) {
    check_model(spec.encoders[i], Role::encoder, fmt::format("/axes/encoder/{}", i), plan);
    if (const auto shape = shape_of(spec.encoders[i])) plan.encoders.emplace(spec.encoders[i], *shape);
  }
  check_model(spec.llm, Role::llm, "/llm", plan);
  for (const auto& language : spec.languages) {
    check_corpus(spec.corpora.at(language), "/corpora/" + language, plan.missing);
  }
  weigh(plan);
  return plan;
}

std::vector<CellSize> cell_sizes(const Plan& plan, Hardware hardware) {
  using Key = std::tuple<std::string, int, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
  std::map<Key, std::size_t> index;  // -> sizes
  std::vector<CellSize> sizes;
  if (!plan.llm) return sizes;
  for (const GridCell& point : plan.grid.cells) {
    const Cell cell = point.cell();
    const auto shape = plan.encoders.find(cell.encoder);
    if (shape == plan.encoders.end()) continue;
    CellSize size{
        .encoder = cell.encoder,
        .layers = cell.layers,
        .lora = cell.lora.has_value(),
        .encoder_parameters = encoder_parameters(shape->second, cell.layers),
        .projector_parameters = projector_parameters(cell.projector, shape->second.width, plan.llm->hidden),
        .adapter_parameters = cell.lora ? adapter_parameters(*cell.lora, *plan.llm) : 0,
        .llm_parameters = llm_parameters(*plan.llm),
        .memory = memory_need(cell, shape->second, *plan.llm, hardware)};
    const Key key(size.encoder, size.layers, size.adapter_parameters, size.memory.trained,
                  size.memory.activations, size.memory.weights);
    const auto [known, is_new] = index.emplace(key, sizes.size());
    if (is_new) sizes.push_back(std::move(size));
    ++sizes[known->second].cells;
  }
  return sizes;
}

std::vector<FeatureNeed> feature_needs(const Plan& plan, Hardware hardware) {
  std::map<std::pair<std::string, std::string>, std::pair<const GridCell*, std::set<int>>> groups;
  for (const GridCell& point : plan.grid.cells) {
    auto& [example, depths] = groups[{point.base->encoder, point.base->language}];
    example = &point;
    depths.insert(point.base->layers);
  }
  std::vector<FeatureNeed> needs;
  for (const auto& [names, group] : groups)
    if (const auto shape = plan.encoders.find(names.first); shape != plan.encoders.end())
      needs.push_back(feature_need(group.first->cell(), shape->second, int(group.second.size()), hardware));
  return needs;
}

}  // namespace sweetspot::daemon
