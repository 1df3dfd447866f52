// Cells to make tables of. WERs are given in errors per 1,000 reference words, so that they are exact.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/report/bootstrap.h"
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

// Known utterance by utterance: {reference words, errors} each. Errors are substitutions as far as there are
// words, then insertions.
using Utterances = std::vector<std::pair<int, int>>;
inline CellResult tested_cell(CellAt at, const Utterances& utterances, const std::string& test_set = "set") {
  CellResult cell = done_cell(at, 0);
  EditCounts words;
  Evidence evidence{.test_set = test_set};
  for (const auto& [reference, errors] : utterances) {
    const int substitutions = std::min(reference, errors);
    words += {.hits = reference - substitutions,
              .substitutions = substitutions,
              .insertions = errors - substitutions};
    evidence.words.push_back(std::uint16_t(reference));
    evidence.errors.push_back(std::uint16_t(errors));
  }
  cell.words = words;
  cell.evidence = std::make_shared<const Evidence>(std::move(evidence));
  return cell;
}

// Adds the resamples that intervals need; all cells of one test set.
inline void resample_all(std::vector<CellResult>& cells, int resamples = 2000) {
  std::vector<const Evidence*> runs;
  for (const CellResult& cell : cells) runs.push_back(cell.evidence.get());
  auto rates = resample(runs, {.resamples = resamples, .threads = 1});
  for (std::size_t i = 0; i < cells.size(); ++i) {
    Evidence evidence = *cells[i].evidence;
    evidence.resampled = std::move(rates[i]);
    cells[i].evidence = std::make_shared<const Evidence>(std::move(evidence));
  }
}

}  // namespace sweetspot::daemon
