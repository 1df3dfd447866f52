#include "daemon/report/candidates.h"

#include <algorithm>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

json absent_cell(const Candidate& candidate, const std::string& language, std::int64_t seed) {
  return {{"encoder", candidate.group->encoder},
          {"layers", candidate.layers},
          {"language", language},
          {"lora", candidate.lora},
          {"seed", seed},
          {"settings", candidate.group->settings}};
}

std::optional<double> mean(const std::vector<double>& values, std::size_t wanted) {
  if (values.empty() || values.size() < wanted) return std::nullopt;
  double sum = 0;
  for (double value : values) sum += value;
  return sum / double(values.size());
}

// The mean WER over the seeds; notes what is open or absent.
std::optional<double> wer_in(Candidate& candidate, const std::string& language) {
  std::vector<double> wers;
  for (std::int64_t seed : candidate.group->seeds) {
    const CellResult* cell = candidate.group->find(candidate.layers, candidate.lora, language, seed);
    if (!cell) candidate.absent.push_back(absent_cell(candidate, language, seed));
    else if (!cell->done()) candidate.open.push_back(cell);
    else wers.push_back(*cell->wer());
  }
  return mean(wers, candidate.group->seeds.size());
}

// Adapters differ by language, the projector and the LLM do not.
void count_params(Candidate& candidate) {
  candidate.params = candidate.group->encoder_params(candidate.layers);
  std::int64_t adapter = 0, others = 0;
  bool counted = !candidate.lora;
  for (const CellResult* cell : candidate.group->cells) {
    if (!cell->params || !candidate.is(cell->layers, cell->lora)) continue;
    adapter = std::max(adapter, cell->params->adapter), counted = true;
    others = cell->params->llm ? cell->params->projector + cell->params->llm : 0;
  }
  if (!counted) candidate.params.reset();
  if (!candidate.params) return;
  *candidate.params += adapter;
  if (others) candidate.system_params = *candidate.params + others;
}

void measure_speed(Candidate& candidate) {
  std::vector<double> factors;
  for (const CellResult* cell : candidate.group->cells)
    if (candidate.is(cell->layers, cell->lora) && cell->evidence && cell->evidence->real_time_factor)
      factors.push_back(*cell->evidence->real_time_factor);
  candidate.real_time_factor = mean(factors, 1);
}

}  // namespace

Candidate candidate_at(const EncoderGroup& group, int layers, bool lora) {
  Candidate candidate{.group = &group, .layers = layers, .lora = lora};
  std::vector<double> known;
  for (const std::string& language : group.languages) {
    const auto wer = wer_in(candidate, language);
    candidate.wer[language] = wer;
    if (wer) known.push_back(*wer);
  }
  candidate.macro_wer = mean(known, group.languages.size());
  count_params(candidate);
  measure_speed(candidate);
  return candidate;
}

std::optional<std::int64_t> net_delta(const Candidate& candidate) {
  const auto whole = candidate.group->encoder_params(candidate.group->full);
  return whole && candidate.params ? std::optional(*candidate.params - *whole) : std::nullopt;
}

std::vector<Candidate> candidates_of(const EncoderGroup& group) {
  std::vector<Candidate> candidates;
  for (int layers : group.depths)
    for (bool lora : {false, true}) {
      const bool there = std::any_of(group.cells.begin(), group.cells.end(), [&](const CellResult* cell) {
        return cell->layers == layers && cell->lora == lora;
      });
      if (there) candidates.push_back(candidate_at(group, layers, lora));
    }
  return candidates;
}

}  // namespace sweetspot::daemon
