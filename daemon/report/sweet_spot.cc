#include "daemon/report/sweet_spot.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// One encoder at one setting of the further axes.
struct Group {
  std::string encoder;
  json settings;
  int full = 0;
  std::set<int> cuts;  // depths with LoRA below the full one
  std::set<std::string> languages;
  std::set<std::int64_t> seeds;
  std::vector<CellResult> cells;

  const CellResult* find(int layers, bool lora, const std::string& language, std::int64_t seed) const {
    auto found = std::find_if(cells.begin(), cells.end(), [&](const CellResult& cell) {
      return cell.layers == layers && cell.lora == lora && cell.language == language && cell.seed == seed;
    });
    return found == cells.end() ? nullptr : &*found;
  }

  // The mean over the seeds; nullopt while one of them is not done.
  std::optional<double> mean_wer(int layers, bool lora, const std::string& language) const {
    double sum = 0;
    for (std::int64_t seed : seeds) {
      const CellResult* cell = find(layers, lora, language, seed);
      if (!cell || !cell->words) return std::nullopt;
      sum += cell->words->rate();
    }
    return sum / double(seeds.size());
  }
};

std::vector<Group> groups_of(std::span<const CellResult> cells) {
  std::vector<Group> groups;  // in the order of the sweep
  for (const CellResult& cell : cells) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) {
      return g.encoder == cell.encoder && g.settings == cell.settings;
    });
    if (group == groups.end())
      group = groups.insert(groups.end(), {.encoder = cell.encoder, .settings = cell.settings});
    group->full = std::max(group->full, cell.layers);
    group->languages.insert(cell.language);
    group->seeds.insert(cell.seed);
    group->cells.push_back(cell);
  }
  for (Group& group : groups)
    for (const CellResult& cell : group.cells)
      if (cell.lora && cell.layers < group.full) group.cuts.insert(cell.layers);
  return groups;
}

enum class Judgement { as_good, worse, open };

// Whether the encoder cut to `layers`, with LoRA, beats the whole one without it in every language. One
// language that is known to be worse is enough to say no.
Judgement judge(const Group& group, int layers) {
  bool open = false;
  for (const std::string& language : group.languages) {
    const auto whole = group.mean_wer(group.full, false, language);
    const auto cut = group.mean_wer(layers, true, language);
    if (!whole || !cut) open = true;
    else if (*cut >= *whole) return Judgement::worse;
  }
  return open ? Judgement::open : Judgement::as_good;
}

struct Verdict {
  std::string word = "none";  // decided, none, undecided
  std::optional<int> layers;
};

Verdict decide(const Group& group) {
  for (int layers : group.cuts) {  // the smallest encoder first
    const Judgement judgement = judge(group, layers);
    if (judgement == Judgement::open) return {"undecided", std::nullopt};
    if (judgement == Judgement::as_good) return {"decided", layers};
  }
  return {};
}

std::optional<std::int64_t> encoder_params(const Group& group, int layers) {
  for (const CellResult& cell : group.cells)
    if (cell.layers == layers && cell.params) return cell.params->encoder;
  return std::nullopt;
}

// Of the kept encoder and the largest adapter among the languages; the projector is the same everywhere.
std::optional<std::int64_t> row_params(const Group& group, int layers, bool lora) {
  auto params = encoder_params(group, layers);
  if (!params || !lora) return params;
  std::optional<std::int64_t> adapter;
  for (const CellResult& cell : group.cells)
    if (cell.layers == layers && cell.lora && cell.params)
      adapter = std::max(adapter.value_or(0), cell.params->adapter);
  return adapter ? std::optional(*params + *adapter) : std::nullopt;
}

std::optional<std::int64_t> net_delta(const Group& group, int layers, bool lora) {
  const auto row = row_params(group, layers, lora), whole = encoder_params(group, group.full);
  return row && whole ? std::optional(*row - *whole) : std::nullopt;
}

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

json row_of(const Group& group, const Verdict& verdict, std::int64_t seed, std::string_view kind) {
  const bool lora = kind != "baseline";
  const auto layers = kind == "sweet_spot" ? verdict.layers : std::optional(group.full);
  json wer = json::object(), params, delta;
  for (const std::string& language : group.languages) {
    const CellResult* cell = layers ? group.find(*layers, lora, language, seed) : nullptr;
    wer[language] = cell && cell->words ? json(cell->words->rate()) : json();
  }
  if (layers) {
    params = or_null(row_params(group, *layers, lora));
    delta = or_null(net_delta(group, *layers, lora));
  }
  return {{"encoder", group.encoder},
          {"kind", kind},
          {"seed", seed},
          {"settings", group.settings},
          {"layers", or_null(layers)},
          {"lora", lora},
          {"params", params},
          {"net_delta", delta},
          {"wer", wer},
          {"verdict", verdict.word}};
}

std::string sentence(const Group& group, const Verdict& verdict, std::size_t missing) {
  const std::string on_mean =
      group.seeds.size() > 1 ? fmt::format(" on the mean of {} seeds", group.seeds.size()) : "";
  if (verdict.word == "decided")
    return fmt::format(
        "{} kept to {} of {} layers with LoRA is better than the whole encoder without it in {}{}.",
        group.encoder, *verdict.layers, group.full, fmt::join(group.languages, ", "), on_mean);
  if (verdict.word == "undecided")
    return fmt::format("Not yet decidable for {}: {} of its cells are not done.", group.encoder, missing);
  if (group.cuts.empty())
    return fmt::format("None for {}: the sweep has no cut of it with LoRA.", group.encoder);
  return fmt::format(
      "None for {}: every cut with LoRA is worse than the whole encoder without it in some language{}.",
      group.encoder, on_mean);
}

json summary_of(const Group& group, const Verdict& verdict, std::size_t missing) {
  json reduction;
  if (verdict.layers) {
    const auto delta = net_delta(group, *verdict.layers, true), whole = encoder_params(group, group.full);
    if (delta && whole && *whole > 0) reduction = -double(*delta) / double(*whole);
  }
  const bool one_seed = group.seeds.size() == 1;
  return {{"encoder", group.encoder},
          {"verdict", verdict.word},
          {"seed", one_seed ? json(*group.seeds.begin()) : json()},
          {"seeds", group.seeds.size()},
          {"settings", group.settings},
          {"layers", or_null(verdict.layers)},
          {"of", group.full},
          {"reduction", reduction},
          {"text", sentence(group, verdict, missing)}};
}

}  // namespace

Report sweet_spot_table(std::span<const CellResult> cells) {
  Report table{
      .name = "sweet-spot",
      .definition =
          "The deepest cut whose test WER with LoRA is below that of the unpruned encoder without LoRA in "
          "every language; unpruned is the deepest depth in this sweep. Parameters: the kept encoder and the "
          "adapter; net delta: against the unpruned encoder.",
      .columns = {{"encoder", "Encoder"},
                  {"kind", "Kind"},
                  {"seed", "Seed", ColumnKind::integer},
                  {"layers", "Layers", ColumnKind::integer},
                  {"lora", "LoRA"},
                  {"params", "Parameters", ColumnKind::integer},
                  {"net_delta", "Net delta", ColumnKind::integer}}};
  std::set<std::string> languages;
  table.summary["encoders"] = json::array();
  for (const Group& group : groups_of(cells)) {
    const Verdict verdict = decide(group);
    std::size_t missing = 0;
    for (const CellResult& cell : group.cells) {
      const bool matters = cell.lora || cell.layers == group.full;
      if (cell.words || !matters) continue;
      table.missing.push_back(missing_cell(cell));
      ++missing;
    }
    for (std::int64_t seed : group.seeds)
      for (std::string_view kind : {"baseline", "baseline_lora", "sweet_spot"})
        table.rows.push_back(row_of(group, verdict, seed, kind));
    table.summary["encoders"].push_back(summary_of(group, verdict, missing));
    languages.insert(group.languages.begin(), group.languages.end());
  }
  for (const std::string& language : languages)
    table.columns.push_back({"wer." + language, "WER " + language, ColumnKind::ratio});
  table.columns.push_back({"verdict", "Verdict"});
  add_settings_column(table, cells);
  return table;
}

}  // namespace sweetspot::daemon
