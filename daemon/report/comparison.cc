#include "daemon/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daemon/report/bootstrap.h"
#include "daemon/report/groups.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

bool same_point(const CellResult& a, const CellResult& b) {
  return a.encoder == b.encoder && a.layers == b.layers && a.language == b.language && a.lora == b.lora &&
         a.settings == b.settings && (a.seed == b.seed || a.seed == 0 || b.seed == 0);
}

// Words that were normalised differently are other words. Of a published WER nobody can tell.
std::string why_normalised_differently(const CellResult& here, const CellResult& there,
                                       const std::string& normalizer, const std::string& other) {
  if (normalizer == other || !here.evidence || !there.evidence) return "";
  return fmt::format("Words were normalised differently: {} here, {} there.", normalizer, other);
}

json row_of(const CellResult& here, const CellResult& there, std::string why) {
  if (why.empty()) why = why_not_compared({&here, &there});
  json row = {{"encoder", here.encoder},
              {"layers", here.layers},
              {"language", here.language},
              {"lora", here.lora},
              {"seed", here.seed},
              {"settings", here.settings},
              {"here", or_null(here.wer())},
              {"there", or_null(there.wer())},
              {"difference", why.empty() ? json(*there.wer() - *here.wer()) : json()},
              {"difference_low", nullptr},
              {"difference_high", nullptr},
              {"significant", nullptr},
              {"run", to_string(here.run)},
              {"other_run", to_string(there.run)},
              {"why_not", why.empty() ? json() : json(why)}};
  const auto range = interval_of_sum({{1, there.evidence.get()}, {-1, here.evidence.get()}});
  if (why.empty() && range)
    row.update({{"difference_low", range->low},
                {"difference_high", range->high},
                {"significant", range->excludes(0)}});
  return row;
}

// "encoder: a, b here and c there", where the two have no value in common; empty: they have.
template <class Value>
std::string apart_on(const char* axis, std::span<const CellResult> here, std::span<const CellResult> there,
                     Value value_of) {
  std::set<std::string> ours, theirs, both;
  for (const CellResult& cell : here) ours.insert(value_of(cell));
  for (const CellResult& cell : there) theirs.insert(value_of(cell));
  std::ranges::set_intersection(ours, theirs, std::inserter(both, both.end()));
  if (!both.empty()) return "";
  return fmt::format("{}: {} here, {} there", axis, fmt::join(ours, ", "), fmt::join(theirs, ", "));
}

}  // namespace

std::string why_nothing_in_common(std::span<const CellResult> here, std::span<const CellResult> there) {
  std::vector<std::string> apart = {
      apart_on("encoders", here, there, [](const CellResult& cell) { return cell.encoder; }),
      apart_on("layers", here, there, [](const CellResult& cell) { return fmt::format("{}", cell.layers); }),
      apart_on("languages", here, there, [](const CellResult& cell) { return cell.language; }),
      apart_on("LoRA", here, there, [](const CellResult& cell) { return cell.lora ? "on" : "off"; }),
      apart_on("settings", here, there, [](const CellResult& cell) { return cell.settings.dump(); })};
  std::erase(apart, "");
  return fmt::format("The two sweeps have no cell in common{}{}.", apart.empty() ? "" : ": ",
                     fmt::join(apart, "; "));
}

Report comparison_table(const Compared& here, const Compared& there) {
  Report table{
      .name = "comparison",
      .definition =
          "Test WER of the cells that both sweeps have; difference: there minus here, paired by utterance, "
          "with its 95 % interval. Cells over different utterances, or over words that were normalised "
          "differently, are not compared. Of a cell that is known by its WER only nobody can tell which "
          "utterances it was.",
      .columns = {{"encoder", "Encoder"},
                  {"layers", "Layers", ColumnKind::integer},
                  {"language", "Language"},
                  {"lora", "LoRA"},
                  {"seed", "Seed", ColumnKind::integer},
                  {"here", "Here", ColumnKind::ratio},
                  {"there", "There", ColumnKind::ratio},
                  {"difference", "Difference", ColumnKind::ratio},
                  {"difference_low", "low", ColumnKind::ratio},
                  {"difference_high", "high", ColumnKind::ratio},
                  {"significant", "Significant"},
                  {"why_not", "Why not"}}};
  add_settings_column(table, here.cells);
  for (const CellResult& cell : here.cells) {
    if (!cell.done()) table.missing.push_back(missing_cell(cell));
    const auto other = std::find_if(there.cells.begin(), there.cells.end(),
                                    [&](const CellResult& c) { return same_point(cell, c); });
    if (other != there.cells.end())
      table.rows.push_back(
          row_of(cell, *other, why_normalised_differently(cell, *other, here.normalizer, there.normalizer)));
  }
  table.summary = {
      {"in_common", table.rows.size()}, {"here", here.cells.size()}, {"there", there.cells.size()}};
  return table;
}

}  // namespace sweetspot::daemon
