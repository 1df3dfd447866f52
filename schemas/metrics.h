// What a run measures: epochs while it trains, and one evaluation of the test split with every utterance.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "schemas/result.h"

namespace sweetspot {

// Edit counts of hypothesis against reference, summable over utterances. Rates are derived, never stored.
struct EditCounts {
  std::int64_t hits = 0, substitutions = 0, deletions = 0, insertions = 0;
  std::int64_t reference() const { return hits + substitutions + deletions; }
  std::int64_t errors() const { return substitutions + deletions + insertions; }
  // (S+D+I) / reference length. With an empty reference: the number of insertions, as jiwer has it.
  double rate() const { return reference() ? double(errors()) / double(reference()) : double(insertions); }
  EditCounts& operator+=(const EditCounts& o) {
    hits += o.hits, substitutions += o.substitutions, deletions += o.deletions, insertions += o.insertions;
    return *this;
  }
  bool operator==(const EditCounts&) const = default;
};

// The normaliser whose words own runs compare; schemas/normalize.h says what it does.
inline constexpr const char* kWordNormalizer = "paper-wer/1";

// A normaliser's one versioned name. Results stored before names had versions say "paper-wer" for
// kWordNormalizer, alone or with a remark after a comma; every other name stays as it is.
std::string normalizer_with_version(std::string name);

// The mean of the error rates of consecutive batches, which is what the paper's code prints as WER (batches
// of 32 of the test split, 8 of the validation split). A compatibility number beside the corpus rate, which
// is the rate of the sum: short batches and short utterances weigh more here. `batch` is at least 1; without
// utterances it is 0.
double batch_mean_rate(std::span<const EditCounts> utterances, std::size_t batch);
inline constexpr std::size_t kPaperTestBatch = 32;

// One decoded utterance. `alignment` has one letter per aligned word pair, in order: H, S, D or I.
struct UtteranceResult {
  std::string id;          // unique in its split: the clip's file name, or manifest line
  std::string audio;       // path of the sound file
  double seconds = 0;      // its length
  std::string reference;   // normalised
  std::string hypothesis;  // normalised
  std::string alignment;
  EditCounts words, characters;
  bool operator==(const UtteranceResult&) const = default;
};

// batch_mean_rate of their words, in batches of kPaperTestBatch.
double batch_mean_wer(std::span<const UtteranceResult> utterances);

// A clip that was left out, and why: reason is one of audio_missing, audio_unreadable, bad_duration,
// too_short, too_long, text_empty, text_too_long, duplicate_id, line_invalid.
struct SkippedClip {
  std::string split, id, reason, detail;
  bool operator==(const SkippedClip&) const = default;
};

struct SplitSize {
  std::int64_t utterances = 0;
  double seconds = 0;
  std::int64_t skipped = 0;
  std::map<std::string, std::int64_t> reasons = {};  // how many were skipped for each
  bool operator==(const SplitSize&) const = default;
};

struct ParameterCounts {
  std::int64_t encoder = 0, projector = 0, adapter = 0, llm = 0;  // of the tensors in use
  bool operator==(const ParameterCounts&) const = default;
};

struct EpochMetrics {
  int epoch = 0;          // 1-based
  std::int64_t step = 0;  // optimiser steps taken
  double train_loss = 0;  // mean over the epoch's steps; NaN is stored as null
  double lr = 0;
  double validation_wer = 0;  // corpus WER
  double seconds = 0;
  bool best = false;
  bool operator==(const EpochMetrics&) const = default;
};

// Seconds of a device that a cell took: of all attempts, as far as checkpoints carry them. What a pack does
// together its cells share equally: a step, those that take it; all else, those that are in it then. So the
// cells of a pack add up to the time of the pack.
struct Timing {
  double audio = 0;   // sound files to log-mel
  double encode = 0;  // the encoder, and waiting for features that another worker computes
  double train = 0, validate = 0, test = 0;
  double other = 0;  // loading models, resuming
  // An estimate: audio and encode of a cell that shares nothing, at this worker's mean seconds of a clip and
  // of a layer, less what they were. Absent: this worker has encoded no clip.
  std::optional<double> saved;
  double total() const { return audio + encode + train + validate + test + other; }
  bool operator==(const Timing&) const = default;
};

// The evaluation that ends a run. The utterances travel in a file beside it (one JSON object a line), whose
// line count and SHA-256 are declared here and verified before anything is stored.
struct RunResult {
  EditCounts words, characters;
  // batch_mean_wer(): for comparison with figures of the paper's code alone. Absent in results of before.
  std::optional<double> batch_mean_wer;
  std::int64_t utterances = 0;
  std::string utterances_sha256;
  int best_epoch = 0;
  int epochs = 0;                                                     // trained
  std::int64_t steps = 0;                                             // trained
  double validation_wer = 0;                                          // at the best epoch
  double train_seconds = 0, evaluate_seconds = 0, audio_seconds = 0;  // audio: of the test split
  std::optional<Timing> timing = {};  // absent in results of before
  ParameterCounts parameters;
  SplitSize train, dev, test;
  std::vector<SkippedClip> skipped;  // the first 1,000
  std::string precision;             // what was really used: "fp32" or "bf16"
  std::string build;                 // worker version and libtorch version
  bool operator==(const RunResult&) const = default;
};

nlohmann::json to_json(const UtteranceResult&);
nlohmann::json to_json(const EpochMetrics&);
nlohmann::json to_json(const Timing&);
nlohmann::json to_json(const RunResult&);
Result<UtteranceResult> utterance_result_from_json(const nlohmann::json&);
Result<EpochMetrics> epoch_metrics_from_json(const nlohmann::json&);
Result<Timing> timing_from_json(const nlohmann::json&);
Result<RunResult> run_result_from_json(const nlohmann::json&);

// File names inside an attempt's directory.
inline constexpr const char* kUtterancesFile = "utterances.jsonl";
inline constexpr const char* kResultFile = "result.json";
inline constexpr const char* kLogFile = "log.txt";

}  // namespace sweetspot
