#include "daemon/report/wer_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "daemon/report/bootstrap.h"
#include "daemon/report/groups.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

json reduction_of(const EncoderGroup& group, const CellResult& cell) {
  if (cell.published && cell.published->reduction) return *cell.published->reduction;
  const auto kept = group.encoder_params(cell.layers), whole = group.encoder_params(group.full);
  if (!kept || !whole || *whole == 0) return nullptr;
  return 1.0 - double(*kept) / double(*whole);
}

// The compatibility number of the paper's code. It does not matter to it which errors are insertions.
json batch_mean_wer_of(const CellResult& cell) {
  if (!cell.evidence || cell.evidence->words.empty()) return nullptr;
  std::vector<EditCounts> utterances;
  for (std::size_t i = 0; i < cell.evidence->words.size(); ++i)
    utterances.push_back({.hits = cell.evidence->words[i], .insertions = cell.evidence->errors[i]});
  return batch_mean_rate(utterances, kPaperTestBatch);
}

// Adds {change, change_low, change_high, significant, better}: against the whole encoder without LoRA.
void add_change(json& row, const CellResult& cell, const CellResult* baseline) {
  json change, low, high, significant, better;
  const bool comparable = baseline && baseline != &cell && why_not_compared({&cell, baseline}).empty();
  if (comparable) {
    change = *cell.wer() - *baseline->wer();
    better = *cell.wer() < *baseline->wer();
    const SignedRun plus{1, cell.evidence.get()}, minus{-1, baseline->evidence.get()};
    if (const auto range = interval_of_sum({plus, minus}))
      low = range->low, high = range->high, significant = range->excludes(0);
  }
  row["change"] = std::move(change);
  row["change_low"] = std::move(low);
  row["change_high"] = std::move(high);
  row["significant"] = std::move(significant);
  row["better"] = std::move(better);
  row["baseline"] = baseline == &cell;
}

json row_of(const EncoderGroup& group, const CellResult& cell) {
  json row = missing_cell(cell);  // what every cell has
  row["wer"] = or_null(cell.wer());
  const auto range = cell.evidence ? interval(cell.evidence->resampled) : std::nullopt;
  row["wer_low"] = range ? json(range->low) : json();
  row["wer_high"] = range ? json(range->high) : json();
  row["batch_mean_wer"] = batch_mean_wer_of(cell);
  row["params"] = or_null(group.encoder_params(cell.layers));
  row["reduction"] = reduction_of(group, cell);
  add_change(row, cell, group.find(group.full, false, cell.language, cell.seed));
  return row;
}

// Seeds are replicates: n, mean and standard deviation (n - 1) of the WERs of cells that differ in the seed
// only.
json replicates_of(const EncoderGroup& group) {
  std::map<std::tuple<int, bool, std::string>, std::vector<double>> points;
  for (const CellResult* cell : group.cells)
    if (const auto wer = cell->wer()) points[{-cell->layers, cell->lora, cell->language}].push_back(*wer);
  json list = json::array();
  for (const auto& [point, wers] : points) {
    if (wers.size() < 2) continue;
    double mean = 0, squares = 0;
    for (double wer : wers) mean += wer / double(wers.size());
    for (double wer : wers) squares += (wer - mean) * (wer - mean);
    const auto& [layers, lora, language] = point;
    list.push_back({{"encoder", group.encoder},
                    {"settings", group.settings},
                    {"layers", -layers},
                    {"lora", lora},
                    {"language", language},
                    {"n", wers.size()},
                    {"mean", mean},
                    {"sd", std::sqrt(squares / double(wers.size() - 1))}});
  }
  return list;
}

}  // namespace

Report wer_table(std::span<const CellResult> cells) {
  Report table{
      .name = "wer",
      .definition =
          "WER: the substitutions, deletions and insertions of all test utterances over all their reference "
          "words. Low and high: its 95 % interval, by the bootstrap over utterances. Change: WER minus that "
          "of the whole encoder without LoRA, paired by utterance. Significant: the 95 % interval of the "
          "change excludes 0. Reduction: the share of the whole encoder's parameters that was cut. Whole: "
          "the deepest depth in this sweep.",
      .columns = {{"encoder", "Encoder"},
                  {"layers", "Layers", ColumnKind::integer},
                  {"language", "Language"},
                  {"lora", "LoRA"},
                  {"seed", "Seed", ColumnKind::integer},
                  {"wer", "WER", ColumnKind::ratio},
                  {"wer_low", "low", ColumnKind::ratio},
                  {"wer_high", "high", ColumnKind::ratio},
                  {"change", "Change", ColumnKind::ratio},
                  {"change_low", "change low", ColumnKind::ratio},
                  {"change_high", "change high", ColumnKind::ratio},
                  {"significant", "Significant"},
                  {"better", "Better"},
                  {"params", "Parameters", ColumnKind::integer},
                  {"reduction", "Reduction", ColumnKind::ratio},
                  {"state", "State"},
                  {"run", "Run"}}};
  add_settings_column(table, cells);
  const auto groups = encoder_groups(cells);
  std::map<const CellResult*, const EncoderGroup*> group_of;
  json best, replicates = json::array();
  for (const EncoderGroup& group : groups) {
    for (const CellResult* cell : group.cells) group_of[cell] = &group;
    for (json& point : replicates_of(group)) replicates.push_back(std::move(point));
  }
  std::size_t done = 0;
  for (const CellResult& cell : cells) {
    table.rows.push_back(row_of(*group_of.at(&cell), cell));
    if (!cell.done()) table.missing.push_back(missing_cell(cell));
    done += cell.done();
    if (cell.done() && (best.is_null() || *cell.wer() < best.get<double>())) best = *cell.wer();
  }
  table.summary = {{"done", done}, {"of", cells.size()}, {"best", best}, {"replicates", replicates}};
  return table;
}

Report wer_pivot(const Report& table) {
  Report pivot = table;
  pivot.rows = json::array();
  pivot.columns = {{"encoder", "Encoder"},
                   {"layers", "Layers", ColumnKind::integer},
                   {"reduction", "Red.", ColumnKind::ratio}};
  std::map<json, std::size_t> lines;  // of the pivot, by what tells them apart
  std::map<std::string, std::string> titles;
  for (const json& row : table.rows) {
    const json key = {row["encoder"], row["layers"], row["seed"], row["settings"]};
    const auto [line, is_new] = lines.try_emplace(key, pivot.rows.size());
    if (is_new)
      pivot.rows.push_back({{"encoder", row["encoder"]},
                            {"layers", row["layers"]},
                            {"reduction", row["reduction"]},
                            {"seed", row["seed"]},
                            {"settings", row["settings"].empty() ? json() : row["settings"]},
                            {"wer", json::object()}});
    const std::string language = row["language"];
    const bool lora = row["lora"];
    const std::string column = fmt::format("{}{}", language, lora ? "_lora" : "");
    titles[column] = fmt::format("{}{}", language, lora ? " + LoRA" : "");
    pivot.rows[line->second]["wer"][column] = row["wer"];
  }
  for (const auto& [column, title] : titles)
    pivot.columns.push_back({fmt::format("wer.{}", column), title, ColumnKind::ratio, true});
  pivot.columns.push_back({"seed", "Seed", ColumnKind::integer});
  pivot.columns.push_back({"settings", "Settings"});
  return pivot;
}

}  // namespace sweetspot::daemon
