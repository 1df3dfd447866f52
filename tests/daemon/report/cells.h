// Cells to make tables of. WERs are given in errors per 1,000 reference words, so that they are exact.
#pragma once

#include <string>
#include <vector>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

struct CellAt {
  std::string encoder = "small";
  int layers = 12;
  std::string language = "en";
  bool lora = false;
  std::int64_t seed = 42;
};

inline CellResult open_cell(CellAt at, RunState state = RunState::queued) {
  static std::int64_t next_run = 1;
  return {.run = RunId{next_run++},
          .encoder = at.encoder,
          .language = at.language,
          .layers = at.layers,
          .lora = at.lora,
          .seed = at.seed,
          .state = state};
}

// The encoder has 100 parameters and 10 a layer, the adapter 7.
inline CellResult done_cell(CellAt at, std::int64_t errors) {
  CellResult cell = open_cell(at, RunState::succeeded);
  cell.words = EditCounts{.hits = 1000 - errors, .substitutions = errors};
  cell.params =
      ParameterCounts{.encoder = 100 + 10 * at.layers, .projector = 5, .adapter = at.lora ? 7 : 0, .llm = 50};
  return cell;
}

}  // namespace sweetspot::daemon
