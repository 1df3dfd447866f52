// A sweep as submitted: the axes of the grid and the settings its cells share.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "schemas/cell.h"
#include "schemas/result.h"

namespace sweetspot {

// A depth as written: a number of kept layers, or nullopt for "full".
using Depth = std::optional<int>;
struct DepthRange {
  Depth from;  // nullopt: the whole encoder
  int to = 2;
  int step = 2;
  bool operator==(const DepthRange&) const = default;
};
using DepthAxis = std::variant<DepthRange, std::vector<Depth>>;

// A further axis over one setting, named by its dotted path in a cell: "train.lr", "lora.r", "eval.beam".
struct SettingAxis {
  std::string name;
  std::vector<nlohmann::json> values;
  bool operator==(const SettingAxis&) const = default;
};

// A cell is left out when it matches every entry: its value on that axis is one of those listed.
using Exclusion = std::map<std::string, std::vector<nlohmann::json>>;

struct SweepSpec {
  std::string name;
  std::string recipe = "slam-asr";
  std::vector<std::string> encoders;
  DepthAxis layers = DepthRange{};
  std::vector<std::string> languages;
  std::vector<bool> lora = {false};
  std::vector<std::int64_t> seeds = {42};
  std::vector<SettingAxis> settings;  // sorted by name
  std::vector<Exclusion> exclude;
  std::map<std::string, CorpusSpec> corpora;  // by language
  std::string llm;
  ProjectorSpec projector;
  LoraSpec lora_default;
  std::map<std::string, LoraSpec> lora_by_language;  // already merged with the default
  TrainSpec train;
  EvalSpec eval;
  int priority = 0;  // higher goes first
  bool operator==(const SweepSpec&) const = default;
};

// Every error at once, each with a JSON Pointer and a hint.
Result<SweepSpec, Errors> parse_sweep(const nlohmann::json& document);

// The JSON Schema of the sweep file (schemas/sweep.schema.json, compiled in).
const nlohmann::json& sweep_schema();

}  // namespace sweetspot
