#include "daemon/report/groups.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

std::string described(const CellResult& cell) {
  return fmt::format("{} ({} layers, {}{})", to_string(cell.run), cell.layers, cell.language,
                     cell.lora ? ", LoRA" : "");
}

std::string why_test_sets_differ(const CellResult& a, const CellResult& b) {
  if (a.evidence->test_set == b.evidence->test_set) return "";
  return fmt::format(
      "{} and {} were tested on different utterances ({} and {}): the references are not the same.",
      described(a), described(b), a.evidence->words.size(), b.evidence->words.size());
}

std::string why_not_there(std::initializer_list<const CellResult*> cells) {
  for (const CellResult* cell : cells) {
    if (!cell) return "A cell that this compares is not in the sweep.";
    if (!cell->done()) return fmt::format("{} is not done.", described(*cell));
  }
  return "";
}

}  // namespace

const CellResult* EncoderGroup::find(int layers, bool lora, const std::string& language,
                                     std::int64_t seed) const {
  const auto found = by_point.find({layers, lora, language, seed});
  return found == by_point.end() ? nullptr : found->second;
}

std::optional<int> EncoderGroup::pruned() const {
  return depths.size() < 2 ? std::nullopt : std::optional(*std::next(depths.rbegin()));
}

std::optional<std::int64_t> EncoderGroup::encoder_params(int layers) const {
  const auto found = params.find(layers);
  return found == params.end() ? std::nullopt : std::optional(found->second);
}

std::vector<EncoderGroup> encoder_groups(std::span<const CellResult> cells) {
  std::vector<EncoderGroup> groups;
  std::map<std::pair<std::string, json>, std::size_t> known;  // -> groups
  for (const CellResult& cell : cells) {
    const auto [at, is_new] = known.try_emplace({cell.encoder, cell.settings}, groups.size());
    if (is_new) groups.push_back({.encoder = cell.encoder, .settings = cell.settings});
    EncoderGroup& group = groups[at->second];
    group.full = std::max(group.full, cell.layers);
    group.depths.insert(cell.layers);
    group.languages.insert(cell.language);
    group.seeds.insert(cell.seed);
    group.cells.push_back(&cell);
    group.by_point.try_emplace({cell.layers, cell.lora, cell.language, cell.seed}, &cell);
    if (cell.params) group.params.try_emplace(cell.layers, cell.params->encoder);
  }
  return groups;
}

std::vector<Quartet> quartets(const std::vector<EncoderGroup>& groups) {
  std::vector<Quartet> all;
  for (const EncoderGroup& group : groups) {
    const auto layers = group.pruned();
    if (!layers) continue;
    for (std::int64_t seed : group.seeds)
      for (const std::string& language : group.languages) {
        const auto at = [&](int depth, bool lora) { return group.find(depth, lora, language, seed); };
        all.push_back({&group, language, seed, *layers, at(group.full, false), at(group.full, true),
                       at(*layers, false), at(*layers, true)});
      }
  }
  return all;
}

json row_head(const Quartet& quartet) {
  json head;
  head["encoder"] = quartet.group->encoder;
  head["language"] = quartet.language;
  head["seed"] = quartet.seed;
  head["settings"] = quartet.group->settings;
  head["layers"] = quartet.layers;
  head["of"] = quartet.group->full;
  return head;
}

std::vector<ReportColumn> head_columns() {
  return {{"encoder", "Encoder"},
          {"language", "Language"},
          {"seed", "Seed", ColumnKind::integer},
          {"layers", "Layers", ColumnKind::integer},
          {"of", "of", ColumnKind::integer}};
}

void note_missing(Report& report, std::initializer_list<const CellResult*> cells) {
  for (const CellResult* cell : cells)
    if (cell && !cell->done()) report.missing.push_back(missing_cell(*cell));
}

std::string why_not_paired(std::initializer_list<const CellResult*> cells) {
  if (std::string why = why_not_there(cells); !why.empty()) return why;
  for (const CellResult* cell : cells) {
    if (!cell->evidence) return fmt::format("{} is known by its WER only.", described(*cell));
    if (std::string why = why_test_sets_differ(**cells.begin(), *cell); !why.empty()) return why;
  }
  return "";
}

std::string why_not_compared(std::initializer_list<const CellResult*> cells) {
  if (std::string why = why_not_there(cells); !why.empty()) return why;
  const CellResult* first = nullptr;  // of those whose utterances are known
  for (const CellResult* cell : cells) {
    if (!cell->evidence) continue;
    if (!first) first = cell;
    if (std::string why = why_test_sets_differ(*first, *cell); !why.empty()) return why;
  }
  return "";
}

}  // namespace sweetspot::daemon
