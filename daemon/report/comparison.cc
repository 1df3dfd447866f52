#include "daemon/report/comparison.h"

#include <algorithm>

#include "daemon/report/bootstrap.h"
#include "daemon/report/groups.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

bool same_point(const CellResult& a, const CellResult& b) {
  return a.encoder == b.encoder && a.layers == b.layers && a.language == b.language && a.lora == b.lora &&
         a.settings == b.settings && (a.seed == b.seed || a.seed == 0 || b.seed == 0);
}

json row_of(const CellResult& here, const CellResult& there) {
  const std::string why = why_not_compared({&here, &there});
  json row = {{"encoder", here.encoder},
              {"layers", here.layers},
              {"language", here.language},
              {"lora", here.lora},
              {"seed", here.seed},
              {"settings", here.settings},
              {"here", or_none(here.wer())},
              {"there", or_none(there.wer())},
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

}  // namespace

Report comparison_table(std::span<const CellResult> here, std::span<const CellResult> there) {
  Report table{
      .name = "comparison",
      .definition =
          "Test WER of the cells that both sweeps have; difference: there minus here, paired by utterance, "
          "with its 95 % interval. Cells over different utterances are not compared. Of a cell that is "
          "known by its WER only nobody can tell which utterances it was.",
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
  add_settings_column(table, here);
  for (const CellResult& cell : here) {
    if (!cell.done()) table.missing.push_back(missing_cell(cell));
    const auto other =
        std::find_if(there.begin(), there.end(), [&](const CellResult& c) { return same_point(cell, c); });
    if (other != there.end()) table.rows.push_back(row_of(cell, *other));
  }
  table.summary = {{"in_common", table.rows.size()}, {"here", here.size()}, {"there", there.size()}};
  return table;
}

}  // namespace sweetspot::daemon
