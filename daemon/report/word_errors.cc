#include "daemon/report/word_errors.h"

#include "daemon/report/bootstrap.h"
#include "daemon/report/groups.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

json change(std::int64_t without, std::int64_t with) {
  return without ? json(double(with - without) / double(without)) : json();
}

json counts(const EditCounts& words) {
  return {{"substitutions", words.substitutions},
          {"insertions", words.insertions},
          {"deletions", words.deletions},
          {"total", words.errors()}};
}

json changes(const EditCounts& without, const EditCounts& with) {
  return {{"substitutions", change(without.substitutions, with.substitutions)},
          {"insertions", change(without.insertions, with.insertions)},
          {"deletions", change(without.deletions, with.deletions)},
          {"total", change(without.errors(), with.errors())},
          {"without_lora", counts(without)},
          {"with_lora", counts(with)}};
}

json row_of(const Quartet& q) {
  json row = row_head(q);
  std::string why = why_not_compared({q.pruned, q.pruned_lora});
  if (why.empty() && !(q.pruned->words && q.pruned_lora->words)) why = "Only the WERs are known.";
  for (const char* key : {"substitutions", "insertions", "deletions", "total", "total_low", "total_high",
                          "significant", "without_lora", "with_lora"})
    row[key] = nullptr;
  row["why_not"] = why.empty() ? json() : json(why);
  if (!why.empty()) return row;
  row.update(changes(*q.pruned->words, *q.pruned_lora->words));
  if (const auto range = interval_of_change(q.pruned->evidence.get(), q.pruned_lora->evidence.get()))
    row.update({{"total_low", range->low}, {"total_high", range->high}, {"significant", range->excludes(0)}});
  return row;
}

}  // namespace

Report word_errors_table(std::span<const CellResult> cells) {
  Report table{
      .name = "word-errors",
      .definition =
          "How LoRA changes the number of substitutions, insertions, deletions and all word errors of the "
          "encoder cut to the next depth of the sweep: (with - without) / without, summed over the test "
          "split; "
          "low and high: 95 % of the total, by the paired bootstrap. More than 0: LoRA makes it worse.",
      .columns = head_columns()};
  table.columns.insert(table.columns.end(), {{"substitutions", "Substitutions", ColumnKind::ratio},
                                             {"insertions", "Insertions", ColumnKind::ratio},
                                             {"deletions", "Deletions", ColumnKind::ratio},
                                             {"total", "Total", ColumnKind::ratio},
                                             {"total_low", "low", ColumnKind::ratio},
                                             {"total_high", "high", ColumnKind::ratio},
                                             {"significant", "Significant"},
                                             {"why_not", "Why not"}});
  add_settings_column(table, cells);
  const auto groups = encoder_groups(cells);
  for (const Quartet& quartet : quartets(groups)) {
    table.rows.push_back(row_of(quartet));
    note_missing(table, {quartet.pruned, quartet.pruned_lora});
  }
  return table;
}

}  // namespace sweetspot::daemon
