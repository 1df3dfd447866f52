#include "worker/recipe/cell_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "worker/model/atomic_file.h"
#include "worker/train/checkpoint.h"

namespace sweetspot::worker {

namespace {
constexpr int kEncodingBatch = 16;
constexpr int kMaxBadLosses = 3;
constexpr std::chrono::milliseconds kFirstPause{50}, kLongestPause{2000};  // while the disk is full

Failure handed_back() {
  return {ErrorClass::infrastructure,
          {"handed_back", "the worker was asked to end", "another attempt goes on from here", ""}};
}
}  // namespace

void CellRun::end_if_cancelled() {
  if (reporter_.cancelled())
    throw Failure{ErrorClass::internal, {"cancelled", "the run was cancelled", "", ""}};
}

void CellRun::between_steps() {
  end_if_cancelled();
  const bool hand_back = reporter_.handed_back(), standing = in_epoch_ || done_training_;
  if (standing && (hand_back || points_.due())) save();
  if (hand_back) throw handed_back();
}

// As the daemon waits with its commits: space comes back, and hours of training would not. That it waits is
// said again and again, or it would count as a worker that got nowhere.
void CellRun::leave(const std::function<Status()>& write) {
  Status done = write();
  for (auto pause = kFirstPause; !done && done.error().code == "disk_full"; done = write()) {
    if (pause == kFirstPause) reporter_.note(done.error().message + "; waits for space");
    end_if_cancelled();
    if (reporter_.handed_back()) throw handed_back();
    reporter_.progress(said_);
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
  need(std::move(done), ErrorClass::infrastructure);
}

void CellRun::say(const StepProgress& progress) {
  said_ = progress;
  reporter_.progress(progress);
}

void CellRun::report(std::string_view phase, std::int64_t step, std::int64_t steps) {
  between_steps();
  say({.phase = phase, .step = step, .steps = steps});
}

void CellRun::load(Workshop& workshop, std::size_t cells) {
  const Cell& cell = member_.cell;
  report("loading", 0, 3);
  leave([&]() -> Status {
    std::error_code failed;
    std::filesystem::create_directories(member_.directory, failed);
    return failed ? Status(unwritable(member_.directory, failed.value())) : success();
  });
  ResumePointOptions checkpoints = workshop.checkpoints();
  checkpoints.share /= double(cells);  // their time is the pack's
  points_ = ResumePoints(member_.directory, checkpoints);
  device_ = workshop.device();
  precision_ = workshop.precision(cell);
  batches_a_search_ = workshop.batches_a_search();
  corpus_ = need(workshop.corpus(cell.corpus));
  report("loading", 1, 3);
  encoder_ = need(workshop.encoder(cell.encoder, cell.layers, precision_));
  report("loading", 2, 3);
  slam_ = need(workshop.slam_asr(cell.llm, precision_));

  const Qwen2& llm = slam_->llm();
  rng_ = Rng(cell.seed);
  projector_ =
      Projector(cell.projector, ProjectorShape{encoder_->encoder()->config().d_model, llm->config().hidden});
  const bool as_paper = cell.projector.norm_init == "one";
  projector_->initialise(rng_, as_paper ? 1 : llm->embeddings().to(torch::kFloat32).std().item<double>());
  projector_->to(device_);
  std::vector<ParameterGroup> groups = {{projector_->parameters(), cell.train.lr}};
  if (cell.lora) {
    adapter_.emplace(llm->config(), *cell.lora, rng_, device_);
    groups.push_back({adapter_->parameters(), cell.lora->lr.value_or(cell.train.lr)});
  }
  optimiser_.emplace(std::move(groups),
                     AdamWOptions{.weight_decay = cell.train.weight_decay, .clip = cell.train.clip});

  for (const Utterance& utterance : corpus_->train.utterances)
    answers_.push_back(slam_->answer(utterance.text));
  const auto steps =
      std::int64_t(make_batches(corpus_->train.utterances, cell.train.batch).size()) * cell.train.epochs;
  schedule_ = {.steps = steps,
               .warmup = std::int64_t(cell.train.warmup * double(steps)),
               .min_ratio = cell.train.min_lr_ratio};
}

std::span<const Utterance> CellRun::validation() const {
  const auto& dev = corpus_->dev.utterances;
  return {dev.data(), std::min(dev.size(), std::size_t(member_.cell.eval.validation_utterances))};
}

void CellRun::encode(std::span<const int> depths) {
  depths_.assign(depths.begin(), depths.end());
  // Features that would push each other out are encoded when a batch needs them.
  keeps_features_ = encoder_->fits_cache(corpus_->train.utterances, depths.size());
  if (!keeps_features_) return;
  clips_ += std::int64_t(corpus_->train.utterances.size() + validation().size());
  for (const auto split : {std::span<const Utterance>(corpus_->train.utterances), validation()}) {
    const auto batches = make_batches(split, kEncodingBatch);
    for (std::size_t i = 0; i < batches.size(); ++i) {
      report("encoding", std::int64_t(i), std::int64_t(batches.size()));
      need(encoder_->features(split, batches[i], member_.cell.layers, depths_));
    }
  }
}

StepShape CellRun::shape(std::span<const Utterance> utterances, std::span<const Batch> batches) const {
  StepShape shape{.slam = slam_.get(), .precision = precision_, .frames = member_.cell.projector.frames};
  for (const Batch& batch : batches)
    shape.batches.push_back({padded_seconds(utterances[std::size_t(batch.front())]), batch.size()});
  return shape;
}

// Encoder features -> projector: [B, A, hidden]
torch::Tensor CellRun::audio_tokens(std::span<const Utterance> utterances, const Batch& batch,
                                    const Dropout& dropout) const {
  const auto features = need(encoder_->features(utterances, batch, member_.cell.layers, depths_));
  return projector_->forward(features, dropout);
}

// `draw` numbers the dropout of a step.
CellBatch CellRun::training_batch(const Batch& batch, std::uint64_t draw) const {
  CellBatch made = {audio_tokens(corpus_->train.utterances, batch, dropout(Draw::projector_dropout, draw)),
                    {}};
  for (const int index : batch) made.answers.push_back(answers_[index]);
  return made;
}

std::optional<StepShape> CellRun::next_step() const {
  if (next_batch_ == batches_.size()) return std::nullopt;
  StepShape next = shape(corpus_->train.utterances, {&batches_[next_batch_], 1});
  // Dropout goes by places in a batch, so these must not depend on mates with longer answers.
  for (const int index : batches_[next_batch_]) next.answer = std::max(next.answer, answers_[index].size());
  return next;
}

CellBatch CellRun::batch() const { return training_batch(batches_[next_batch_], std::uint64_t(step_)); }

StackedAdapters::Cell CellRun::adapter() const {
  return {lora(), dropout(Draw::adapter_dropout, std::uint64_t(step_))};
}

torch::Tensor CellRun::batch_loss(const Batch& batch, std::uint64_t draw) const {
  const Autocast autocast(precision_);
  const CellBatch made = training_batch(batch, draw);
  const StackedAdapters adapters({{lora(), dropout(Draw::adapter_dropout, draw)}});
  return slam_->losses(made.audio, made.answers, 1, {.adaptation = lora() ? &adapters : nullptr})[0];
}

// In as many parts as memory asks for. Gradients of a loss that is not finite are never added. (The allocator
// has given its cache back before it says that memory is used up.)
double CellRun::gradients() {
  const Batch& batch = batches_[next_batch_];
  for (;; parts_ *= 2) {
    try {
      return gradients_in_parts(batch);
    } catch (const std::exception& error) {
      if (!is_out_of_memory(error) || std::size_t(parts_) >= batch.size()) throw;
      optimiser_->zero_grad();
      reporter_.note(
          fmt::format("out of memory at step {}: batches are computed in {} parts from here, which "
                      "gives the same gradients",
                      step_, parts_ * 2));
    }
  }
}

// The loss of a batch is the mean over its answers' tokens, so each part counts by its own.
double CellRun::gradients_in_parts(const Batch& batch) {
  const std::size_t size = (batch.size() + std::size_t(parts_) - 1) / std::size_t(parts_);
  const auto tokens = [&](std::span<const int> part) {
    double n = 0;
    for (const int index : part) n += double(answers_[index].size());
    return n;
  };
  double value = 0;
  for (std::size_t at = 0, part = 0; at < batch.size(); at += size, ++part) {
    const Batch some(batch.begin() + std::ptrdiff_t(at),
                     batch.begin() + std::ptrdiff_t(std::min(at + size, batch.size())));
    auto loss = batch_loss(some, std::uint64_t(step_) | part << 48);
    if (some.size() < batch.size()) loss = loss * (tokens(some) / tokens(batch));
    const double share = loss.item<double>();
    value += share;
    if (std::isfinite(share)) loss.backward();
  }
  return value;
}

void CellRun::begin_epoch() {
  training_time_.start(), epoch_time_.start();
  if (!in_epoch_) {
    ++epoch_, next_batch_ = 0, loss_sum_ = 0, loss_count_ = 0;
    in_epoch_ = true;
  }
  std::optional<Shuffle> shuffle;
  if (member_.cell.train.shuffle) shuffle = Shuffle{rng_, epoch_};
  batches_ = make_batches(corpus_->train.utterances, member_.cell.train.batch, shuffle);
}

void CellRun::end_step(double loss) {
  lr_ = member_.cell.train.lr * schedule_.at(step_);
  const auto norm = optimiser_->gradient_norm();  // of the step before, which the loss has waited for
  if (std::isfinite(loss)) {
    optimiser_->step(schedule_.at(step_));
    loss_sum_ += loss, ++loss_count_, bad_losses_ = 0;
  } else {
    forget_gradients();
    if (++bad_losses_ == kMaxBadLosses)
      throw Failure{ErrorClass::diverged,
                    {"diverged",
                     fmt::format("the loss was not finite {} times in a row, at step {}", bad_losses_, step_),
                     "lower train.lr or the adapter's lr", "/train/lr"}};
  }
  if (!keeps_features_) clips_ += std::int64_t(batches_[next_batch_].size());
  ++step_, ++next_batch_;
  between_steps();
  say({.phase = "training",
       .step = step_,
       .steps = schedule_.steps,
       .loss = loss,
       .lr = lr_,
       .gradient_norm = norm});
}

std::vector<torch::Tensor> CellRun::trained() const {
  auto all = projector_->parameters();
  if (adapter_)
    for (torch::Tensor& parameter : adapter_->parameters()) all.push_back(parameter);
  return all;
}

void CellRun::keep_best(int epoch, double wer) {
  best_epoch_ = epoch, best_wer_ = wer;
  best_.clear();
  for (const torch::Tensor& parameter : trained()) best_.push_back(parameter.detach().clone());
  leave([&] { return save_best(member_.directory, epoch, member_.cell, projector_, adapter_); });
}

void CellRun::release() {
  corpus_.reset(), encoder_.reset(), slam_.reset();
  projector_ = nullptr, adapter_.reset(), optimiser_.reset();
  best_.clear();
}

}  // namespace sweetspot::worker
