#include "daemon/report/degradation.h"

#include <array>

#include "daemon/report/bootstrap.h"
#include "daemon/report/groups.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// The utterances of one test set, told apart by what becomes of them against the whole encoder.
struct Degraded {
  std::int64_t neither = 0, base = 0, lora = 0, both = 0;  // without LoRA alone, with it alone
  std::int64_t utterances() const { return neither + base + lora + both; }
};

Degraded count(const Evidence& whole, const Evidence& cut, const Evidence& cut_lora) {
  Degraded count;
  for (std::size_t u = 0; u < whole.errors.size(); ++u) {
    const bool base = cut.errors[u] > whole.errors[u], lora = cut_lora.errors[u] > whole.errors[u];
    ++(base && lora ? count.both : base ? count.base : lora ? count.lora : count.neither);
  }
  return count;
}

struct Shares {
  std::optional<double> base, lora, recovered, recovered_of_degraded;
};

std::optional<double> share(std::int64_t part, std::int64_t whole) {
  return whole ? std::optional(double(part) / double(whole)) : std::nullopt;
}

Shares shares_of(const Degraded& n) {
  return {share(n.base + n.both, n.utterances()), share(n.lora + n.both, n.utterances()),
          share(n.base - n.lora, n.utterances()), share(n.base, n.base + n.both)};
}

// Adds {NAME, NAME_low, NAME_high}. A resample in which the share does not exist is left out of its interval.
void add_share(json& row, const std::string& name, std::optional<double> Shares::*which, const Shares& shares,
               const std::vector<Shares>& resampled) {
  std::vector<double> values;
  for (const Shares& one : resampled)
    if (one.*which) values.push_back(*(one.*which));
  const auto range = shares.*which ? interval(std::move(values)) : std::nullopt;
  row[name] = or_null(shares.*which);
  row[name + "_low"] = range ? json(range->low) : json();
  row[name + "_high"] = range ? json(range->high) : json();
}

void add_figures(json& row, const Degraded& n, const std::string& test_set) {
  std::vector<Shares> resampled;
  const std::array<std::int64_t, 4> kinds = {n.neither, n.base, n.lora, n.both};
  if (n.utterances() > 0)
    for (const auto& [neither, base, lora, both] : resample_kinds(kinds, test_set))
      resampled.push_back(shares_of({neither, base, lora, both}));
  const Shares shares = shares_of(n);
  add_share(row, "base", &Shares::base, shares, resampled);
  add_share(row, "lora", &Shares::lora, shares, resampled);
  add_share(row, "recovered", &Shares::recovered, shares, resampled);
  add_share(row, "recovered_of_degraded", &Shares::recovered_of_degraded, shares, resampled);
}

json row_of(const Quartet& quartet) {
  json row = row_head(quartet);
  const std::string why = why_not_paired({quartet.full, quartet.pruned, quartet.pruned_lora});
  const Degraded n =
      why.empty() ? count(*quartet.full->evidence, *quartet.pruned->evidence, *quartet.pruned_lora->evidence)
                  : Degraded{};
  add_figures(row, n, why.empty() ? quartet.full->evidence->test_set : "");
  row["utterances"] = why.empty() ? json(n.utterances()) : json();
  row["significant"] = nullptr;
  if (!row["recovered_low"].is_null())
    row["significant"] = row["recovered_low"] > 0 || row["recovered_high"] < 0;
  row["why_not"] = why.empty() ? json() : json(why);
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
          "LoRA, the share that is not degraded with it (the other reading of the paper's text). Low and "
          "high: 95 % by the bootstrap over utterances. Significant: the interval of recovered excludes 0.",
      .columns = head_columns()};
  table.columns.insert(table.columns.end(),
                       {{"utterances", "Utterances", ColumnKind::integer},
                        {"base", "Degraded", ColumnKind::ratio},
                        {"base_low", "low", ColumnKind::ratio},
                        {"base_high", "high", ColumnKind::ratio},
                        {"lora", "Degraded, LoRA", ColumnKind::ratio},
                        {"lora_low", "low", ColumnKind::ratio},
                        {"lora_high", "high", ColumnKind::ratio},
                        {"recovered", "Recovered", ColumnKind::ratio},
                        {"recovered_low", "low", ColumnKind::ratio},
                        {"recovered_high", "high", ColumnKind::ratio},
                        {"significant", "Significant"},
                        {"recovered_of_degraded", "Recovered of degraded", ColumnKind::ratio},
                        {"recovered_of_degraded_low", "low", ColumnKind::ratio},
                        {"recovered_of_degraded_high", "high", ColumnKind::ratio},
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
