#include "daemon/report/spot_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace sweetspot::daemon {
namespace {

constexpr const char* kMacro = "the mean over the languages";
constexpr double kNever = std::numeric_limits<double>::infinity();

using Rates = std::map<std::string, std::optional<double>>;

// What is compared: each language, or their mean alone.
Rates rates_of(const Candidate& candidate, const SpotRule& rule) {
  return rule.scope == SpotRule::Scope::macro ? Rates{{kMacro, candidate.macro_wer}} : candidate.wer;
}

// What a candidate's rates are held against. `settled`: no missing cell can lower it any more.
struct Bar {
  Rates rates;
  bool settled = true;
};

Bar bar_of_whole(const EncoderGroup& group, const SpotRule& rule) {
  return {rates_of(candidate_at(group, group.full, false), rule), true};
}

Bar bar_of_best(const std::vector<Judged>& all, const SpotRule& rule) {
  Bar bar;
  for (const Judged& judged : all) {
    bar.settled = bar.settled && judged.candidate.open.empty();
    for (const auto& [name, rate] : rates_of(judged.candidate, rule)) {
      auto& best = bar.rates[name];
      if (rate && (!best || *rate * (1 + rule.within) < *best)) best = *rate * (1 + rule.within);
    }
  }
  return bar;
}

void hold_against(Judged& judged, const Bar& bar, const SpotRule& rule) {
  std::vector<std::string> failures;
  bool open = !bar.settled;
  for (const auto& [name, rate] : rates_of(judged.candidate, rule)) {
    const auto limit = bar.rates.at(name);
    if (!rate || !limit) open = true;
    else if (rule.kind == SpotRule::Kind::paper ? *rate >= *limit : *rate > *limit)
      failures.push_back(fmt::format("{}: {:.2f} % against {:.2f} %", name, 100 * *rate, 100 * *limit));
  }
  judged.judgement = !failures.empty() ? Judgement::worse : open ? Judgement::open : Judgement::as_good;
  judged.why = !failures.empty() ? fmt::format("worse in {}", fmt::join(failures, "; "))
               : open            ? "not known yet"
                                 : "";
}

std::optional<double> cost_of(const Candidate& candidate, const SpotRule& rule) {
  if (rule.prefer == SpotRule::Prefer::layers) return candidate.layers;
  if (rule.prefer == SpotRule::Prefer::speed) return candidate.real_time_factor;
  return candidate.params ? std::optional(double(*candidate.params)) : std::nullopt;
}

bool is_considered(const Candidate& candidate, const SpotRule& rule) {
  return rule.kind == SpotRule::Kind::within || (candidate.lora && candidate.layers < candidate.group->full);
}

}  // namespace

std::string described(const SpotRule& rule) {
  const bool paper = rule.kind == SpotRule::Kind::paper, macro = rule.scope == SpotRule::Scope::macro;
  const std::string what =
      paper ? fmt::format(
                  "a cut whose test WER with LoRA is below that of the unpruned encoder without LoRA {}",
                  macro ? "on the mean over the languages" : "in every language")
            : fmt::format("a configuration whose test WER is within {:g} % of the best one {}",
                          100 * rule.within, macro ? "on the mean over the languages" : "in every language");
  const char* which = rule.prefer == SpotRule::Prefer::layers   ? "the one with the fewest layers"
                      : rule.prefer == SpotRule::Prefer::params ? "the one with the fewest parameters"
                                                                : "the one that decodes fastest";
  return fmt::format("The sweet spot is {}; of several, {}.", what, which);
}

std::vector<Judged> judge(const std::vector<const EncoderGroup*>& groups, const SpotRule& rule) {
  std::vector<Judged> all;
  for (const EncoderGroup* group : groups)
    for (Candidate& candidate : candidates_of(*group))
      if (is_considered(candidate, rule)) {
        const auto cost = cost_of(candidate, rule);
        all.push_back({std::move(candidate), Judgement::open, "", cost});
      }
  const Bar best = bar_of_best(all, rule);
  for (Judged& judged : all)
    hold_against(judged,
                 rule.kind == SpotRule::Kind::paper ? bar_of_whole(*judged.candidate.group, rule) : best,
                 rule);
  return all;
}

Choice choose(const std::vector<Judged>& judged) {
  Choice choice;
  for (const Judged& one : judged)
    if (one.judgement == Judgement::as_good &&
        (!choice.spot || one.cost.value_or(kNever) < choice.spot->cost.value_or(kNever)))
      choice.spot = &one;
  const double least = choice.spot ? choice.spot->cost.value_or(kNever) : kNever;
  for (const Judged& one : judged)
    if (one.judgement == Judgement::open && one.cost.value_or(0) < least) choice.undecided.push_back(&one);
  if (!choice.undecided.empty()) return {"undecided", nullptr, std::move(choice.undecided)};
  choice.verdict = choice.spot ? "decided" : "none";
  return choice;
}

Decision decide(const std::vector<const EncoderGroup*>& groups, const SpotRule& rule) {
  Decision decision{judge(groups, rule), {}};
  decision.choice = choose(decision.judged);
  return decision;
}

}  // namespace sweetspot::daemon
