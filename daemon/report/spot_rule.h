// What makes a configuration as good as the whole encoder, and which of several is the sweet spot.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/report/candidates.h"

namespace sweetspot::daemon {

struct SpotRule {
  // paper: a cut with LoRA whose WER is below that of the whole encoder without LoRA (arXiv 2603.27981).
  // within: any configuration whose WER is at most (1 + within) times the best one's.
  enum class Kind { paper, within } kind = Kind::paper;
  double within = 0.02;
  enum class Scope { language, macro } scope = Scope::language;  // in every language, or on their mean
  enum class Prefer {
    layers,
    params,
    speed
  } prefer = Prefer::layers;  // of those that are as good, the fewest
};

std::string described(const SpotRule& rule);  // as a sentence

enum class Judgement { as_good, worse, open };

// A candidate with what the rule says of it.
struct Judged {
  Candidate candidate;
  Judgement judgement = Judgement::open;
  std::string why;             // which languages fail, or what is open; empty: as good
  std::optional<double> cost;  // layers, parameters or real-time factor; nullopt: not known
};

// Judges all candidates of these groups, which are looked at together: the best one is the best of all.
// A known failure is final; a success is open as long as a missing cell could undo it.
std::vector<Judged> judge(const std::vector<const EncoderGroup*>& groups, const SpotRule& rule);

struct Choice {
  std::string verdict = "none";          // decided, none, undecided
  const Judged* spot = nullptr;          // where it is decided
  std::vector<const Judged*> undecided;  // the candidates that leave it open
};

// The cheapest of those that are as good. One that is open and might be cheaper leaves it undecided.
Choice choose(const std::vector<Judged>& judged);

// Both together. It owns what the choice points to.
struct Decision {
  std::vector<Judged> judged;
  Choice choice;
};
Decision decide(const std::vector<const EncoderGroup*>& groups, const SpotRule& rule);

}  // namespace sweetspot::daemon
