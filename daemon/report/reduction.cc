#include "daemon/report/reduction.h"

#include <fmt/format.h>

#include <cmath>

#include "daemon/report/bootstrap.h"
#include "daemon/report/groups.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// {NAME, NAME_low, NAME_high}: what LoRA takes off.
json taken_off(const std::string& name, const CellResult& base, const CellResult& lora) {
  const auto range = interval_of_sum({{1, base.evidence.get()}, {-1, lora.evidence.get()}});
  return {{name, *base.wer() - *lora.wer()},
          {name + "_low", range ? json(range->low) : json()},
          {name + "_high", range ? json(range->high) : json()}};
}

json nothing(const std::string& name) {
  return {{name, nullptr}, {name + "_low", nullptr}, {name + "_high", nullptr}};
}

// Differences of rates given as decimals: what is left of them beyond 1e-12 is rounding.
json larger_of(double full, double pruned) {
  if (std::abs(full - pruned) < 1e-12) return "equal";
  return full > pruned ? "full" : "pruned";
}

json row_of(const Quartet& q) {
  json row = row_head(q);
  const std::string why_full = why_not_compared({q.full, q.full_lora});
  const std::string why_pruned = why_not_compared({q.pruned, q.pruned_lora});
  std::string why = why_full.empty() ? why_pruned : why_full;
  if (why.empty()) why = why_not_compared({q.full, q.full_lora, q.pruned, q.pruned_lora});
  row.update(why_full.empty() ? taken_off("full", *q.full, *q.full_lora) : nothing("full"));
  row.update(why_pruned.empty() ? taken_off("pruned", *q.pruned, *q.pruned_lora) : nothing("pruned"));
  row["larger"] = why.empty() ? larger_of(row["full"], row["pruned"]) : json();
  row["significant"] = nullptr;
  row["why_not"] = why.empty() ? json() : json(why);
  if (!why.empty()) return row;
  const auto range = interval_of_sum({{1, q.full->evidence.get()},
                                      {-1, q.full_lora->evidence.get()},
                                      {-1, q.pruned->evidence.get()},
                                      {1, q.pruned_lora->evidence.get()}});
  if (range) row["significant"] = range->excludes(0);
  return row;
}

}  // namespace

Report reduction_table(std::span<const CellResult> cells) {
  Report table{.name = "reduction",
               .definition =
                   "What LoRA takes off the test WER, in points: WER without minus WER with LoRA, of the "
                   "whole encoder "
                   "and of the encoder cut to the next depth of the sweep; low and high: 95 % by the paired "
                   "bootstrap. "
                   "Significant: the 95 % interval of the difference between the two excludes 0.",
               .columns = head_columns()};
  table.columns.insert(table.columns.end(), {{"full", "Whole", ColumnKind::ratio},
                                             {"full_low", "low", ColumnKind::ratio},
                                             {"full_high", "high", ColumnKind::ratio},
                                             {"pruned", "Cut", ColumnKind::ratio},
                                             {"pruned_low", "low", ColumnKind::ratio},
                                             {"pruned_high", "high", ColumnKind::ratio},
                                             {"larger", "Larger"},
                                             {"significant", "Significant"},
                                             {"why_not", "Why not"}});
  add_settings_column(table, cells);
  int pruned_larger = 0, of = 0;
  const auto groups = encoder_groups(cells);
  for (const Quartet& quartet : quartets(groups)) {
    json row = row_of(quartet);
    of += !row["larger"].is_null();
    pruned_larger += row["larger"] == "pruned";
    table.rows.push_back(std::move(row));
    note_missing(table, {quartet.full, quartet.full_lora, quartet.pruned, quartet.pruned_lora});
  }
  table.summary = {
      {"pruned_larger", pruned_larger},
      {"of", of},
      {"text", fmt::format("LoRA takes more off the cut encoder in {} of {}.", pruned_larger, of)}};
  return table;
}

}  // namespace sweetspot::daemon
