#include "daemon/report/degradation.h"

#include "daemon/report/groups.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

struct Degraded {
  std::int64_t utterances = 0, base = 0, lora = 0, brought_back = 0;
};

// The three are of one test set.
Degraded count(const Evidence& whole, const Evidence& cut, const Evidence& cut_lora) {
  Degraded count{.utterances = std::int64_t(whole.errors.size())};
  for (std::size_t u = 0; u < whole.errors.size(); ++u) {
    const bool base = cut.errors[u] > whole.errors[u], lora = cut_lora.errors[u] > whole.errors[u];
    count.base += base, count.lora += lora, count.brought_back += base && !lora;
  }
  return count;
}

json share(std::int64_t part, std::int64_t whole) {
  return whole ? json(double(part) / double(whole)) : json();
}

json row_of(const Quartet& quartet) {
  json row = row_head(quartet);
  const std::string why = why_not_paired({quartet.full, quartet.pruned, quartet.pruned_lora});
  const Degraded n =
      why.empty() ? count(*quartet.full->evidence, *quartet.pruned->evidence, *quartet.pruned_lora->evidence)
                  : Degraded{};
  row.update({{"utterances", why.empty() ? json(n.utterances) : json()},
              {"base", share(n.base, n.utterances)},
              {"lora", share(n.lora, n.utterances)},
              {"recovered", share(n.base - n.lora, n.utterances)},
              {"recovered_of_degraded", share(n.brought_back, n.base)},
              {"why_not", why.empty() ? json() : json(why)}});
  return row;
}

}  // namespace

Report degradation_table(std::span<const CellResult> cells) {
  Report table{
      .name = "degradation",
      .definition =
          "Degraded: the share of all test utterances with more word errors than the whole encoder without "
          "LoRA makes in them, for the encoder cut to the next depth of the sweep, without and with LoRA. "
          "Recovered: the difference of the two. Recovered of degraded: of the utterances degraded without "
          "LoRA, the share that is not degraded with it (the other reading of the paper's text).",
      .columns = head_columns()};
  table.columns.insert(table.columns.end(),
                       {{"utterances", "Utterances", ColumnKind::integer},
                        {"base", "Degraded", ColumnKind::ratio},
                        {"lora", "Degraded, LoRA", ColumnKind::ratio},
                        {"recovered", "Recovered", ColumnKind::ratio},
                        {"recovered_of_degraded", "Recovered of degraded", ColumnKind::ratio},
                        {"why_not", "Why not"}});
  add_settings_column(table, cells);
  const auto groups = encoder_groups(cells);
  for (const Quartet& quartet : quartets(groups)) {
    table.rows.push_back(row_of(quartet));
    note_missing(table, {quartet.full, quartet.pruned, quartet.pruned_lora});
  }
  return table;
}

}  // namespace sweetspot::daemon
