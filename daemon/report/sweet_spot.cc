#include "daemon/report/sweet_spot.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daemon/report/spot_summary.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// One row: a configuration with one seed; without one, where there is no sweet spot.
json row_of(const EncoderGroup& group, const Candidate* shown, const std::string& verdict, std::int64_t seed,
            std::string_view kind) {
  json wer = json::object();
  for (const std::string& language : group.languages) {
    const CellResult* cell = shown ? group.find(shown->layers, shown->lora, language, seed) : nullptr;
    wer[language] = cell ? or_null(cell->wer()) : json();
  }
  return {{"encoder", group.encoder},
          {"kind", kind},
          {"seed", seed},
          {"settings", group.settings},
          {"layers", shown ? json(shown->layers) : json()},
          {"lora", shown ? shown->lora : kind != "baseline"},
          {"params", shown ? or_null(shown->params) : json()},
          {"net_delta", shown ? or_null(net_delta(*shown)) : json()},
          {"wer", wer},
          {"verdict", verdict}};
}

void add_rows(Report& table, const EncoderGroup& group, const Choice& choice) {
  const Candidate whole = candidate_at(group, group.full, false),
                  with_lora = candidate_at(group, group.full, true);
  const Candidate* spot = choice.spot ? &choice.spot->candidate : nullptr;
  for (std::int64_t seed : group.seeds) {
    table.rows.push_back(row_of(group, &whole, choice.verdict, seed, "baseline"));
    table.rows.push_back(row_of(group, &with_lora, choice.verdict, seed, "baseline_lora"));
    table.rows.push_back(row_of(group, spot, choice.verdict, seed, "sweet_spot"));
  }
}

void add_missing(Report& table, const EncoderGroup& group, const SpotRule& rule) {
  for (const CellResult* cell : group.cells) {
    const bool matters = rule.kind == SpotRule::Kind::within || cell->lora || cell->layers == group.full;
    if (matters && !cell->done()) table.missing.push_back(missing_cell(*cell));
  }
}

}  // namespace

Report sweet_spot_table(std::span<const CellResult> cells, const SpotRule& rule) {
  Report table{
      .name = "sweet-spot",
      .definition = fmt::format(
          "{} Unpruned is the deepest depth in this sweep. Parameters: the kept encoder and the adapter; "
          "net delta: against the unpruned encoder.",
          described(rule)),
      .columns = {{"encoder", "Encoder"},
                  {"kind", "Kind"},
                  {"seed", "Seed", ColumnKind::integer},
                  {"layers", "Layers", ColumnKind::integer},
                  {"lora", "LoRA"},
                  {"params", "Parameters", ColumnKind::integer},
                  {"net_delta", "Net delta", ColumnKind::integer}}};
  std::set<std::string> languages;
  std::vector<std::vector<const EncoderGroup*>> together;  // those of equal settings, in order
  const auto groups = encoder_groups(cells);
  table.summary = {
      {"encoders", json::array()}, {"overall", json::array()}, {"pareto", pareto_points(groups)}};
  for (const EncoderGroup& group : groups) {
    const Decision decision = decide({&group}, rule);
    add_rows(table, group, decision.choice);
    add_missing(table, group, rule);
    table.summary["encoders"].push_back(encoder_summary(group, decision, rule));
    languages.insert(group.languages.begin(), group.languages.end());
    auto same = std::find_if(together.begin(), together.end(),
                             [&](const auto& others) { return others.front()->settings == group.settings; });
    if (same == together.end()) same = together.emplace(together.end());
    same->push_back(&group);
  }
  for (const auto& encoders : together) table.summary["overall"].push_back(overall_summary(encoders, rule));
  for (const std::string& language : languages)
    table.columns.push_back({"wer." + language, "WER " + language, ColumnKind::ratio});
  table.columns.push_back({"verdict", "Verdict"});
  add_settings_column(table, cells);
  return table;
}

}  // namespace sweetspot::daemon
