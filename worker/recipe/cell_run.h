// One cell on its way through the recipe: what it shares, what it trains, and what it has measured.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "schemas/model_config.h"
#include "worker/decode/beam_search.h"
#include "worker/recipe/recipe.h"
#include "worker/train/adamw.h"
#include "worker/train/batch.h"
#include "worker/train/early_stop.h"
#include "worker/train/resume_point.h"
#include "worker/train/schedule.h"

namespace sweetspot::worker {

// What the next step of a cell looks like: cells whose steps are equal can take them in one pass through the
// language model.
struct StepShape {
  struct Clips {
    int seconds = 0;  // of each
    std::size_t rows = 0;
    bool operator==(const Clips&) const = default;
  };
  const SlamAsr* slam = nullptr;
  Precision precision = Precision::fp32;
  int frames = 0;                     // joined to an audio token
  std::vector<Clips> batches;         // one in training
  std::size_t answer = 0;             // tokens of the longest, in training
  std::optional<BeamOptions> search;  // of a transcription
  bool operator==(const StepShape&) const = default;
  // That one cell sends through the language model at once, but for the few of the prompt.
  std::size_t tokens() const {
    std::size_t most = 0;
    for (const Clips& clips : batches)
      most = std::max(most, clips.rows * (std::size_t(kFramesASecond * clips.seconds / frames) + answer));
    return most;
  }
};

// A training batch on its way into the language model: audio tokens [B, A, hidden] and answers.
struct CellBatch {
  torch::Tensor audio;
  std::vector<TokenIds> answers;
};

class CellRun {
 public:
  CellRun(const PackMember& member, Reporter& reporter)
      : member_(member), reporter_(reporter), stop_(member.cell.train.early_stop) {}

  // The steps of the recipe, in this order. Each throws Failure, or whatever a library throws.
  void load(Workshop& workshop, std::size_t cells);  // of the pack
  void resume();                             // goes on where an earlier attempt stood, if it left anything
  void encode(std::span<const int> depths);  // the depths that pack mates want of the same encoder

  void begin_epoch();                          // the next one, or the one it was resumed in
  std::optional<StepShape> next_step() const;  // absent: no batch is left in this epoch
  CellBatch batch() const;                     // of the next step
  StackedAdapters::Cell adapter() const;       // with the dropout of the next step
  double gradients();                          // of the next step, by itself; returns the loss
  void forget_gradients() { optimiser_->zero_grad(); }
  void end_step(double loss);  // whose gradients are there

  void begin_validation();
  void end_epoch();  // done_training() may now be true
  void begin_test();
  RunResult end_test();
  // Both go over a split a few batches at a time.
  std::optional<StepShape> next_transcription() const;  // absent: the split is through
  torch::Tensor prompts(std::size_t batch);             // of the next ones: [B, A + P, hidden]
  bool halve_transcription();  // fewer batches at a time, then fewer utterances; false: there is but one
  void end_transcription(std::vector<std::string> texts);

  using Work = double Timing::*;  // a kind of it
  void charge(Work work, double seconds) { timing_.*work += seconds; }

  void release();  // gives up everything that takes memory, at its end

  bool done_training() const { return done_training_; }
  const Cell& cell() const { return member_.cell; }
  const SlamAsr& slam() const { return *slam_; }
  const LoraAdapter* lora() const { return adapter_ ? &*adapter_ : nullptr; }
  Precision precision() const { return precision_; }
  const SpeechEncoder* encoder() const { return encoder_.get(); }  // nullptr: not loaded yet

 private:
  // Seconds of all attempts together.
  struct Stopwatch {
    using Clock = std::chrono::steady_clock;
    double before = 0;
    std::optional<Clock::time_point> since;
    void start() { since = since.value_or(Clock::now()); }
    void stop() { before = seconds(), since.reset(); }
    double seconds() const {
      return before + (since ? std::chrono::duration<double>(Clock::now() - *since).count() : 0);
    }
  };
  // A split that is being transcribed. The batches of one part are decoded in one search; where parts end is
  // the same for every attempt, as the order of sums and so the last bits of a score depend on it.
  struct Transcription {
    std::string_view phase;
    int beam = 1;
    std::span<const Utterance> utterances;
    std::vector<std::vector<Batch>> parts;
    std::size_t next = 0;                  // of the parts
    std::vector<UtteranceResult> decoded;  // so far, in the order of the batches
  };
  void between_steps();  // ends the cell when it is to end; keeps where it stands when it is time to
  void end_if_cancelled();
  void say(const StepProgress& progress);
  // Writes what the cell leaves behind; a full disk is waited for.
  void leave(const std::function<Status()>& write);
  void save();
  NamedTensors tensors();
  nlohmann::json state() const;
  nlohmann::json surroundings() const;
  std::string data_hash() const;
  void restore(const ResumePoint& point);
  void note_resumption(const nlohmann::json& then);
  void report(std::string_view phase, std::int64_t step, std::int64_t steps);
  Timing timing() const;
  StepShape shape(std::span<const Utterance> utterances, std::span<const Batch> batches) const;
  CellBatch training_batch(const Batch& batch, std::uint64_t draw) const;
  Dropout dropout(Draw purpose, std::uint64_t draw) const { return {rng_, purpose, draw}; }
  torch::Tensor audio_tokens(std::span<const Utterance> utterances, const Batch& batch,
                             const Dropout& dropout) const;
  torch::Tensor batch_loss(const Batch& batch, std::uint64_t draw) const;
  double gradients_in_parts(const Batch& batch);
  void begin_transcription(std::string_view phase, std::span<const Utterance> utterances, int beam);
  BeamOptions search() const;
  std::vector<UtteranceResult> transcribed();  // all of the split, in its order
  void keep_best(int epoch, double wer);
  std::vector<torch::Tensor> trained() const;
  std::span<const Utterance> validation() const;

  // Given.
  PackMember member_;
  Reporter& reporter_;

  // Shared with other cells, and frozen.
  torch::Device device_ = torch::kCPU;
  Precision precision_ = Precision::fp32;
  std::shared_ptr<const Corpus> corpus_;
  std::shared_ptr<SpeechEncoder> encoder_;
  std::shared_ptr<const SlamAsr> slam_;
  std::size_t batches_a_search_ = 1;
  std::vector<int> depths_;
  bool keeps_features_ = false;  // of the train and validation splits, for all epochs

  // Its own, and trained.
  Rng rng_{0};
  Projector projector_ = nullptr;
  std::optional<LoraAdapter> adapter_;
  std::optional<AdamW> optimiser_;
  WarmupCosine schedule_;
  EarlyStop stop_;
  std::vector<TokenIds> answers_;  // of the train split

  // Where it stands: all of this is in a checkpoint (cell_checkpoint.cc).
  std::vector<Batch> batches_;  // of this epoch
  std::size_t next_batch_ = 0;
  bool in_epoch_ = false;
  int epoch_ = 0, bad_losses_ = 0;
  int parts_ = 1;  // in which a batch is computed since memory was too small for the whole
  std::int64_t step_ = 0;
  double loss_sum_ = 0, lr_ = 0;
  std::int64_t loss_count_ = 0;
  bool done_training_ = false;
  std::vector<EpochMetrics> epochs_;
  Transcription transcription_;  // the validation or test under way
  Stopwatch training_time_, epoch_time_, evaluation_time_;
  Timing timing_;
  std::int64_t clips_ = 0;  // that the encoder would have been given for this cell alone

  // The best epoch so far.
  int best_epoch_ = 0;
  double best_wer_ = std::numeric_limits<double>::infinity();
  std::vector<torch::Tensor> best_;

  StepProgress said_;  // the newest
  ResumePoints points_;
  std::string data_hash_;
  nlohmann::json resumptions_ = nlohmann::json::array();
};

}  // namespace sweetspot::worker
