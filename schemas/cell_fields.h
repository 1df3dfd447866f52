// The fields of a cell's parts, in the order the sweep file documents them. Private to schemas/*.cc.
#pragma once

#include "schemas/cell.h"
#include "schemas/fields.h"

namespace sweetspot::fields {

template <>
struct Fields<CorpusSpec> {
  static void visit(auto& c, auto&& field) {
    field("format", c.format), field("path", c.path), field("filter_seconds", c.filter_seconds);
    field("train_hours", c.train_hours), field("limit_train", c.limit_train);
    field("limit_dev", c.limit_dev), field("limit_test", c.limit_test);
  }
};
template <>
struct Fields<ProjectorSpec> {
  static void visit(auto& p, auto&& field) {
    field("type", p.type), field("frames", p.frames), field("hidden", p.hidden);
    field("dropout", p.dropout), field("norm_init", p.norm_init);
  }
};
template <>
struct Fields<LoraSpec> {
  static void visit(auto& l, auto&& field) {
    field("r", l.r), field("alpha", l.alpha), field("dropout", l.dropout);
    field("targets", l.targets), field("lr", l.lr);
  }
};
template <>
struct Fields<EarlyStopSpec> {
  static void visit(auto& e, auto&& field) {
    field("metric", e.metric), field("patience", e.patience), field("min_delta", e.min_delta);
  }
};
template <>
struct Fields<TrainSpec> {
  static void visit(auto& t, auto&& field) {
    field("epochs", t.epochs), field("batch", t.batch), field("lr", t.lr);
    field("weight_decay", t.weight_decay), field("clip", t.clip), field("warmup", t.warmup);
    field("min_lr_ratio", t.min_lr_ratio), field("precision", t.precision);
    field("early_stop", t.early_stop), field("shuffle", t.shuffle);
  }
};
template <>
struct Fields<EvalSpec> {
  static void visit(auto& e, auto&& field) {
    field("beam", e.beam), field("max_new_tokens", e.max_new_tokens), field("batch", e.batch);
    field("length_penalty", e.length_penalty), field("repetition_penalty", e.repetition_penalty);
    field("validation_beam", e.validation_beam), field("validation_utterances", e.validation_utterances);
  }
};
template <>
struct Fields<Cell> {
  static void visit(auto& c, auto&& field) {
    field("recipe", c.recipe), field("encoder", c.encoder), field("layers", c.layers);
    field("language", c.language), field("lora", c.lora), field("seed", c.seed), field("llm", c.llm);
    field("corpus", c.corpus), field("projector", c.projector), field("train", c.train),
        field("eval", c.eval);
  }
};

}  // namespace sweetspot::fields
