// The fields of what a run measures. Private to schemas/*.cc.
#pragma once

#include "schemas/fields.h"
#include "schemas/metrics.h"

namespace sweetspot::fields {

template <>
struct Fields<EditCounts> {
  static void visit(auto& c, auto&& field) {
    field("hits", c.hits), field("substitutions", c.substitutions);
    field("deletions", c.deletions), field("insertions", c.insertions);
  }
};
template <>
struct Fields<UtteranceResult> {
  static void visit(auto& u, auto&& field) {
    field("id", u.id), field("audio", u.audio), field("seconds", u.seconds), field("reference", u.reference);
    field("hypothesis", u.hypothesis), field("alignment", u.alignment);
    field("words", u.words), field("characters", u.characters);
  }
};
template <>
struct Fields<SkippedClip> {
  static void visit(auto& s, auto&& field) {
    field("split", s.split), field("id", s.id), field("reason", s.reason), field("detail", s.detail);
  }
};
template <>
struct Fields<SplitSize> {
  static void visit(auto& s, auto&& field) {
    field("utterances", s.utterances), field("seconds", s.seconds), field("skipped", s.skipped);
    field("reasons", s.reasons, kAddedLater);
  }
};
template <>
struct Fields<ParameterCounts> {
  static void visit(auto& p, auto&& field) {
    field("encoder", p.encoder), field("projector", p.projector), field("adapter", p.adapter),
        field("llm", p.llm);
  }
};
template <>
struct Fields<EpochMetrics> {
  static void visit(auto& e, auto&& field) {
    field("epoch", e.epoch), field("step", e.step), field("train_loss", e.train_loss), field("lr", e.lr);
    field("validation_wer", e.validation_wer), field("seconds", e.seconds), field("best", e.best);
  }
};
template <>
struct Fields<Timing> {
  static void visit(auto& t, auto&& field) {
    field("audio", t.audio), field("encode", t.encode), field("train", t.train);
    field("validate", t.validate), field("test", t.test), field("other", t.other), field("saved", t.saved);
  }
};
template <>
struct Fields<RunResult> {
  static void visit(auto& r, auto&& field) {
    field("words", r.words), field("characters", r.characters), field("batch_mean_wer", r.batch_mean_wer, kAddedLater);
    field("utterances", r.utterances), field("utterances_sha256", r.utterances_sha256);
    field("best_epoch", r.best_epoch), field("epochs", r.epochs), field("steps", r.steps);
    field("validation_wer", r.validation_wer);
    field("train_seconds", r.train_seconds), field("evaluate_seconds", r.evaluate_seconds);
    field("audio_seconds", r.audio_seconds), field("timing", r.timing, kAddedLater);
    field("parameters", r.parameters);
    field("train", r.train), field("dev", r.dev), field("test", r.test), field("skipped", r.skipped);
    field("precision", r.precision), field("build", r.build);
  }
};

}  // namespace sweetspot::fields
