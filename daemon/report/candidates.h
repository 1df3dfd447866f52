// The configurations among which a sweet spot is looked for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/report/groups.h"

namespace sweetspot::daemon {

// A depth of an encoder without or with LoRA: its WERs and what it costs. Of several seeds the mean counts;
// what is not known is nullopt.
struct Candidate {
  const EncoderGroup* group = nullptr;
  int layers = 0;
  bool lora = false;
  std::map<std::string, std::optional<double>> wer;  // by language, each of the group's
  std::optional<double> macro_wer;                   // the mean over the languages, once all are known
  std::optional<std::int64_t> params;                // of the kept encoder and the largest adapter
  std::optional<std::int64_t> system_params;         // of everything: with projector and LLM
  std::optional<double> real_time_factor;            // of decoding, the mean over its runs
  std::vector<const CellResult*> open;               // its cells that are not done
  nlohmann::json absent = nlohmann::json::array();   // its cells that the sweep does not have

  bool is(int depth, bool with_lora) const { return layers == depth && lora == with_lora; }
};

// All depths without and with LoRA that have a cell in the group, the smallest first.
std::vector<Candidate> candidates_of(const EncoderGroup& group);

// The one at this depth, made up of absent cells where the sweep has none of it.
Candidate candidate_at(const EncoderGroup& group, int layers, bool lora);

// Its parameters minus those of the whole encoder.
std::optional<std::int64_t> net_delta(const Candidate& candidate);

// Those than which no other has both a WER and a cost that are as low and one of them lower; both must be
// known. `cost` gives std::optional of a number.
template <class Cost>
std::vector<bool> pareto_front(const std::vector<Candidate>& all, Cost cost) {
  const auto beats = [&](const Candidate& a, const Candidate& b) {
    return a.macro_wer && cost(a) && *a.macro_wer <= *b.macro_wer && *cost(a) <= *cost(b) &&
           (*a.macro_wer < *b.macro_wer || *cost(a) < *cost(b));
  };
  std::vector<bool> front;
  for (const Candidate& candidate : all) {
    bool stands = candidate.macro_wer && cost(candidate);
    for (const Candidate& other : all) stands = stands && !beats(other, candidate);
    front.push_back(stands);
  }
  return front;
}

}  // namespace sweetspot::daemon
