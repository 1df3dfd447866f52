#include "daemon/report/spot_summary.h"

#include <fmt/format.h>

#include "daemon/report/bootstrap.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

std::string configuration(const Candidate& candidate) {
  return fmt::format("{} kept to {} of {} layers {} LoRA", candidate.group->encoder, candidate.layers,
                     candidate.group->full, candidate.lora ? "with" : "without");
}

std::string why_costlier(const Judged& one, const Judged& spot, const SpotRule& rule) {
  if (!one.cost || !spot.cost) return "as good, but what it costs is not known";
  const char* unit = rule.prefer == SpotRule::Prefer::layers   ? "layers"
                     : rule.prefer == SpotRule::Prefer::params ? "parameters"
                                                               : "seconds a second of sound";
  return fmt::format("as good, but {:.10g} {} are not fewer than {:.10g}", *one.cost, unit, *spot.cost);
}

// Every configuration that was looked at, and why it is the one or is not.
json considered(const std::vector<Judged>& judged, const Choice& choice, const SpotRule& rule) {
  json list = json::array();
  for (const Judged& one : judged) {
    const Candidate& candidate = one.candidate;
    const bool chosen = &one == choice.spot;
    const bool good = one.judgement == Judgement::as_good;
    json wer = json::object();
    for (const auto& [language, rate] : candidate.wer) wer[language] = or_null(rate);
    list.push_back({{"encoder", candidate.group->encoder},
                    {"layers", candidate.layers},
                    {"lora", candidate.lora},
                    {"params", or_null(candidate.params)},
                    {"system_params", or_null(candidate.system_params)},
                    {"real_time_factor", or_null(candidate.real_time_factor)},
                    {"wer", wer},
                    {"outcome", chosen                              ? "chosen"
                                : good                              ? "costlier"
                                : one.judgement == Judgement::worse ? "worse"
                                                                    : "open"},
                    {"why", chosen        ? "the sweet spot"
                            : !good       ? one.why
                            : choice.spot ? why_costlier(one, *choice.spot, rule)
                                          : "as good, but a cheaper one is not known yet"}});
  }
  return list;
}

// The cells that the verdict waits for: those of the candidates that leave it open, and of what they are held
// against.
json needed_cells(const EncoderGroup& group, const std::vector<Judged>& judged, const Choice& choice,
                  const SpotRule& rule, bool absent) {
  json cells = json::array();
  const auto add = [&](const Candidate& candidate) {
    if (absent) cells.insert(cells.end(), candidate.absent.begin(), candidate.absent.end());
    if (!absent)
      for (const CellResult* cell : candidate.open) cells.push_back(missing_cell(*cell));
  };
  if (choice.undecided.empty()) return cells;
  if (rule.kind == SpotRule::Kind::within)  // any of them may turn out to be the best
    for (const Judged& one : judged) add(one.candidate);
  else {
    add(candidate_at(group, group.full, false));
    for (const Judged* one : choice.undecided) add(one->candidate);
  }
  return cells;
}

// The languages in which chance alone might have made the sweet spot look as good as it does (95 %, paired).
json uncertain_languages(const EncoderGroup& group, const Choice& choice, const SpotRule& rule) {
  json languages = json::array();
  if (!choice.spot || rule.kind != SpotRule::Kind::paper) return languages;
  const Candidate& spot = choice.spot->candidate;
  for (const std::string& language : group.languages)
    for (std::int64_t seed : group.seeds) {
      const CellResult *cut = group.find(spot.layers, spot.lora, language, seed),
                       *whole = group.find(group.full, false, language, seed);
      const auto range = interval_of_sum({{1, cut->evidence.get()}, {-1, whole->evidence.get()}});
      if (range && !range->excludes(0) && (languages.empty() || languages.back() != language))
        languages.push_back(language);
    }
  return languages;
}

std::string why_none(const EncoderGroup& group, const Decision& decision, const SpotRule& rule) {
  if (decision.judged.empty()) return std::string("the sweep has no cut of it with LoRA");
  if (rule.kind == SpotRule::Kind::within) return "no configuration is good enough in every language";
  return fmt::format("every cut with LoRA is worse than the whole encoder without it in {}",
                     group.languages.size() > 1 ? "some language" : *group.languages.begin());
}

std::string sentence(const EncoderGroup& group, const Decision& decision, const SpotRule& rule,
                     const json& needs, const json& absent) {
  const std::string on_mean =
      group.seeds.size() > 1 ? fmt::format(" on the mean of {} seeds", group.seeds.size()) : "";
  if (decision.choice.spot && rule.kind == SpotRule::Kind::paper)
    return fmt::format("{} is better than the whole encoder without it in {}{}.",
                       configuration(decision.choice.spot->candidate), fmt::join(group.languages, ", "),
                       on_mean);
  if (decision.choice.spot)
    return fmt::format("{} is within {:g} % of the best in {}{}.",
                       configuration(decision.choice.spot->candidate), 100 * rule.within,
                       fmt::join(group.languages, ", "), on_mean);
  if (decision.choice.verdict == "none")
    return fmt::format("None for {}: {}{}.", group.encoder, why_none(group, decision, rule), on_mean);
  return fmt::format("Not yet decidable for {}: {} of its cells are not done{}.", group.encoder, needs.size(),
                     absent.empty() ? "" : fmt::format(", {} are not in the sweep", absent.size()));
}

// Encoders are weighed against one another by parameters: a layer of one is not a layer of another.
SpotRule across_encoders(SpotRule rule) {
  if (rule.prefer == SpotRule::Prefer::layers) rule.prefer = SpotRule::Prefer::params;
  return rule;
}

}  // namespace

json encoder_summary(const EncoderGroup& group, const Decision& decision, const SpotRule& rule) {
  const Candidate* spot = decision.choice.spot ? &decision.choice.spot->candidate : nullptr;
  const json needs = needed_cells(group, decision.judged, decision.choice, rule, false);
  const json absent = needed_cells(group, decision.judged, decision.choice, rule, true);
  const auto delta = spot ? net_delta(*spot) : std::nullopt, whole = group.encoder_params(group.full);
  return {{"encoder", group.encoder},
          {"verdict", decision.choice.verdict},
          {"seed", group.seeds.size() == 1 ? json(*group.seeds.begin()) : json()},
          {"seeds", group.seeds.size()},
          {"settings", group.settings},
          {"layers", spot ? json(spot->layers) : json()},
          {"lora", spot ? json(spot->lora) : json()},
          {"of", group.full},
          {"reduction", delta && whole && *whole > 0 ? json(-double(*delta) / double(*whole)) : json()},
          {"text", sentence(group, decision, rule, needs, absent)},
          {"considered", considered(decision.judged, decision.choice, rule)},
          {"uncertain", uncertain_languages(group, decision.choice, rule)},
          {"needs", needs},
          {"absent", absent}};
}

json overall_summary(const std::vector<const EncoderGroup*>& groups, const SpotRule& rule) {
  const Decision decision = decide(groups, across_encoders(rule));
  const Candidate* spot = decision.choice.spot ? &decision.choice.spot->candidate : nullptr;
  const std::string text = spot ? fmt::format("Over all: {}.", configuration(*spot))
                           : decision.choice.verdict == "none" ? "Over all: none."
                                                               : "Over all: not yet decidable.";
  return {{"verdict", decision.choice.verdict},
          {"settings", groups[0]->settings},
          {"encoder", spot ? json(spot->group->encoder) : json()},
          {"layers", spot ? json(spot->layers) : json()},
          {"lora", spot ? json(spot->lora) : json()},
          {"params", spot ? or_null(spot->params) : json()},
          {"text", text}};
}

json pareto_points(const std::vector<EncoderGroup>& groups) {
  std::vector<Candidate> all;
  for (const EncoderGroup& group : groups)
    for (Candidate& candidate : candidates_of(group))
      if (candidate.macro_wer) all.push_back(std::move(candidate));
  const auto by_params = pareto_front(all, [](const Candidate& c) { return c.params; });
  const auto by_system = pareto_front(all, [](const Candidate& c) { return c.system_params; });
  const auto by_speed = pareto_front(all, [](const Candidate& c) { return c.real_time_factor; });
  json points = json::array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    json wers = json::object();
    for (const auto& [language, rate] : all[i].wer) wers[language] = or_null(rate);
    points.push_back({{"encoder", all[i].group->encoder},
                      {"settings", all[i].group->settings},
                      {"layers", all[i].layers},
                      {"lora", all[i].lora},
                      {"wer", *all[i].macro_wer},
                      {"wers", std::move(wers)},
                      {"encoder_params", or_null(all[i].group->encoder_params(all[i].layers))},
                      {"params", or_null(all[i].params)},
                      {"system_params", or_null(all[i].system_params)},
                      {"real_time_factor", or_null(all[i].real_time_factor)},
                      {"best_for_params", bool(by_params[i])},
                      {"best_for_system_params", bool(by_system[i])},
                      {"best_for_speed", bool(by_speed[i])}});
  }
  return points;
}

}  // namespace sweetspot::daemon
