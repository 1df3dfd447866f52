// A cell: one point of the grid with every setting resolved. What a worker needs to train and evaluate it.
// Defaults are the paper's (arXiv 2603.27981); sweep.schema.json states the same ones, and a test compares
// them.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace sweetspot {

struct CorpusSpec {
  std::string format = "common-voice";                 // or another of schemas/corpus_files.h
  std::string path;                                    // its directory
  std::array<double, 2> filter_seconds = {0.5, 30.0};  // clips outside are skipped, counted and named
  std::optional<double> train_hours;  // keep a seeded random subset of the train split of this size
  std::optional<int> limit_train, limit_dev, limit_test;  // keep the first n utterances of a split
  bool operator==(const CorpusSpec&) const = default;
};

struct ProjectorSpec {
  std::string type = "concat-linear";
  int frames = 5;  // encoder frames joined into one audio token
  int hidden = 2048;
  double dropout = 0.1;
  // Start value of the final LayerNorm's weight: "one" (the paper's) or "embedding" (the standard deviation
  // of the LLM's embedding matrix, which small models need to learn at all).
  std::string norm_init = "one";
  bool operator==(const ProjectorSpec&) const = default;
};

struct LoraSpec {
  int r = 16;
  double alpha = 32;  // scale = alpha / r
  double dropout = 0.1;
  std::vector<std::string> targets = {"q", "k", "v", "o"};  // of q,k,v,o,gate,up,down
  std::optional<double> lr;                                 // learning rate of the adapter; absent: train.lr
  bool operator==(const LoraSpec&) const = default;
};

struct EarlyStopSpec {
  std::string metric = "wer";
  int patience = 5;  // epochs without an improvement of at least min_delta
  double min_delta = 0.005;
  bool operator==(const EarlyStopSpec&) const = default;
};

struct TrainSpec {
  int epochs = 15;
  int batch = 4;
  double lr = 1e-4;
  double weight_decay = 0.01;
  double clip = 1.0;               // global gradient norm
  double warmup = 0.05;            // share of all steps
  double min_lr_ratio = 0.1;       // cosine ends at lr * min_lr_ratio
  std::string precision = "bf16";  // asked for; see Workshop::precision
  std::optional<EarlyStopSpec> early_stop = EarlyStopSpec{};
  bool shuffle = true;
  bool operator==(const TrainSpec&) const = default;
};

struct EvalSpec {
  int beam = 2;
  int max_new_tokens = 128;
  int batch = 32;
  double length_penalty = 1.0;
  double repetition_penalty = 1.0;
  int validation_beam = 1;
  int validation_utterances = 1600;  // the first n of the dev split
  bool operator==(const EvalSpec&) const = default;
};

struct Cell {
  std::string recipe = "slam-asr";
  std::string encoder;  // an absolute directory, or a hub id such as "openai/whisper-small"
  int layers = 0;       // kept layers, counted from the bottom
  std::string language;
  std::optional<LoraSpec> lora;  // absent: projector only
  std::int64_t seed = 42;
  std::string llm;  // an absolute directory or a hub id
  CorpusSpec corpus;
  ProjectorSpec projector;
  TrainSpec train;
  EvalSpec eval;
  bool operator==(const Cell&) const = default;
};

// Canonical JSON: every field present, keys sorted, so that equal cells give equal bytes.
nlohmann::json to_json(const Cell& cell);

// The bytes of to_json for many cells in turn: a part that is as it was in the one before is not written
// anew.
class CellWriter {
 public:
  std::string text(const Cell& cell);

 private:
  template <class T>
  struct Part {
    std::optional<T> value;
    std::string text;
    const std::string& of(const T& now);
  };
  Part<CorpusSpec> corpus_;
  Part<std::string> encoder_, language_, llm_, recipe_;
  Part<EvalSpec> eval_;
  Part<std::optional<LoraSpec>> lora_;
  Part<ProjectorSpec> projector_;
  Part<TrainSpec> train_;
};

// Puts a value that the schema allows at a dotted path: "train.lr", "lora.r". A group that the cell is
// without stays away.
void set_field(Cell& cell, std::string_view path, const nlohmann::json& value);

// A point of a grid: what it shares with others, its seed, and the values of further axes by dotted path.
Cell with_settings(Cell base, std::int64_t seed, const nlohmann::json& settings);

// Reads what to_json wrote, or what a person wrote by hand for `sweetspot-worker run`: absent fields take
// their defaults, unknown fields and wrong types are errors.
Result<Cell, Errors> cell_from_json(const nlohmann::json& document);

// The identity of a cell: lower-case hex SHA-256 of its canonical JSON.
std::string cell_hash(const Cell& cell);

// How a model is named to people: a hub id as it is, a directory by its last component.
std::string model_label(const std::string& model);

}  // namespace sweetspot
