// One cell on its way through the recipe: what it shares, what it trains, and what it has measured.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "worker/decode/beam_search.h"
#include "worker/recipe/recipe.h"
#include "worker/train/adamw.h"
#include "worker/train/batch.h"
#include "worker/train/early_stop.h"
#include "worker/train/schedule.h"

namespace sweetspot::worker {

class CellRun {
 public:
  CellRun(const PackMember& member, Reporter& reporter)
      : member_(member), reporter_(reporter), stop_(member.cell.train.early_stop) {}

  // The steps of the recipe, in this order. Each throws Failure, or whatever a library throws.
  void load(Workshop& workshop);
  void encode(std::span<const int> depths);  // the depths that pack mates want of the same encoder
  void begin_epoch(int epoch);
  bool train_step();  // false: no batch is left in this epoch
  void end_epoch();   // validates; done_training() may now be true
  RunResult evaluate();
  void release();  // gives up everything that takes memory, at its end

  bool done_training() const { return done_training_; }
  const Cell& cell() const { return member_.cell; }
  bool shares_encoder(const CellRun& other) const { return encoder_ == other.encoder_; }

 private:
  using Clock = std::chrono::steady_clock;
  void report(std::string_view phase, std::int64_t step, std::int64_t steps);
  torch::Tensor audio_tokens(std::span<const Utterance> utterances, const Batch& batch,
                             const Dropout& dropout);
  torch::Tensor batch_loss(const Batch& batch);
  std::vector<UtteranceResult> transcribe(std::span<const Utterance> utterances, std::string_view phase,
                                          int beam);
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
  std::vector<int> depths_;

  // Its own, and trained.
  Rng rng_{0};
  Projector projector_ = nullptr;
  std::optional<LoraAdapter> adapter_;
  std::optional<AdamW> optimiser_;
  WarmupCosine schedule_;
  EarlyStop stop_;
  std::vector<TokenIds> answers_;  // of the train split

  // Where it stands.
  std::vector<Batch> batches_;  // of this epoch
  std::size_t next_batch_ = 0;
  int epoch_ = 0, bad_losses_ = 0;
  std::int64_t step_ = 0;
  double loss_sum_ = 0, lr_ = 0;
  std::int64_t loss_count_ = 0;
  bool done_training_ = false;
  Clock::time_point training_since_, epoch_since_;

  // The best epoch so far.
  int best_epoch_ = 0;
  double best_wer_ = std::numeric_limits<double>::infinity();
  std::vector<torch::Tensor> best_;
};

}  // namespace sweetspot::worker
