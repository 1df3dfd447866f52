// A sweep against this machine: its grid, what is missing here to run it, and how large its models are. Reads
// model directories and looks for corpus files; changes nothing. `plan` shows it and always succeeds;
// `submit` refuses when something is missing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/feature_need.h"
#include "daemon/core/grid.h"
#include "daemon/core/memory_need.h"
#include "schemas/model_config.h"
#include "schemas/sweep.h"

namespace sweetspot::daemon {

enum class Role { encoder, llm };

// A model of the sweep as it lies here.
struct PlannedModel {
  Role role = Role::llm;
  std::string directory;  // empty: not here
  std::string commit;     // of the hub; empty: it is a directory of one's own
};

struct Plan {
  Grid grid;
  Errors missing;  // models and corpora that are not here, each with a pointer into the sweep and a hint
  std::map<std::string, PlannedModel> models;
  std::map<std::string, EncoderShape> encoders;  // those whose shape is known
  std::optional<Qwen2Config> llm;                // if it is known
};

Plan make_plan(const SweepSpec& spec);

// Cells that need the same, in the order of the grid.
struct CellSize {
  std::string encoder;
  int layers = 0;
  bool lora = false;
  std::int64_t encoder_parameters = 0, projector_parameters = 0, adapter_parameters = 0, llm_parameters = 0;
  MemoryNeed memory;
  int cells = 0;
};
// Of cells whose encoder's shape is known; empty without the LLM's. Pure.
std::vector<CellSize> cell_sizes(const Plan& plan, Hardware hardware);

// What each encoder's features of each corpus take on disk; of encoders whose shape is known. Pure.
std::vector<FeatureNeed> feature_needs(const Plan& plan, Hardware hardware);

}  // namespace sweetspot::daemon
