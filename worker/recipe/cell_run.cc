#include "worker/recipe/cell_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "schemas/sha256.h"
#include "worker/model/atomic_file.h"
#include "worker/text/wer.h"
#include "worker/train/checkpoint.h"

namespace sweetspot::worker {

namespace {
constexpr int kEncodingBatch = 16;
constexpr int kMaxBadLosses = 3;
constexpr std::size_t kSkippedListed = 1000;

template <class T, class E>
T need(Result<T, E> result, ErrorClass error_class = ErrorClass::bad_input) {
  if (!result) throw Failure{error_class, result.error()};
  return std::move(*result);
}

EditCounts total_words(std::span<const UtteranceResult> results) {
  EditCounts total;
  for (const UtteranceResult& result : results) total += result.words;
  return total;
}
}  // namespace

void CellRun::between_steps() {
  if (reporter_.cancelled())
    throw Failure{ErrorClass::internal, {"cancelled", "the run was cancelled", "", ""}};
  const bool hand_back = reporter_.handed_back(), standing = in_epoch_ || done_training_;
  if (standing && (hand_back || points_.due())) save();
  if (hand_back)
    throw Failure{ErrorClass::infrastructure,
                  {"handed_back", "the worker was asked to end", "another attempt goes on from here", ""}};
}

void CellRun::report(std::string_view phase, std::int64_t step, std::int64_t steps) {
  between_steps();
  reporter_.progress({.phase = phase, .step = step, .steps = steps});
}

void CellRun::load(Workshop& workshop) {
  const Cell& cell = member_.cell;
  report("loading", 0, 3);
  std::filesystem::create_directories(member_.directory);
  points_ = ResumePoints(member_.directory, workshop.checkpoints());
  device_ = workshop.device();
  precision_ = workshop.precision(cell);
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
  if (!encoder_->fits_cache(corpus_->train.utterances, depths.size())) return;
  for (const auto split : {std::span<const Utterance>(corpus_->train.utterances), validation()}) {
    const auto batches = make_batches(split, kEncodingBatch);
    for (std::size_t i = 0; i < batches.size(); ++i) {
      report("encoding", std::int64_t(i), std::int64_t(batches.size()));
      need(encoder_->features(split, batches[i], member_.cell.layers, depths_));
    }
  }
}

// Encoder features -> projector: [B, A, hidden]
torch::Tensor CellRun::audio_tokens(std::span<const Utterance> utterances, const Batch& batch,
                                    const Dropout& dropout) {
  const auto features = need(encoder_->features(utterances, batch, member_.cell.layers, depths_));
  return projector_->forward(features, dropout);
}

// `draw` numbers the dropout of a step.
torch::Tensor CellRun::batch_loss(const Batch& batch, std::uint64_t draw) {
  const Autocast autocast(precision_);
  std::vector<TokenIds> answers;
  for (const int index : batch) answers.push_back(answers_[index]);
  const auto audio = audio_tokens(corpus_->train.utterances, batch, {rng_, Draw::projector_dropout, draw});
  return slam_->loss(
      audio, answers,
      {.adapter = adapter_ ? &*adapter_ : nullptr, .dropout = {rng_, Draw::adapter_dropout, draw}});
}

// Adds the gradients of a batch, in as many parts as memory asks for; returns its loss. Gradients of a loss
// that is not finite are never added. (The allocator has given its cache back before it says that memory is
// used up.)
double CellRun::backward(const Batch& batch) {
  for (;; parts_ *= 2) {
    try {
      return backward_in_parts(batch);
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
double CellRun::backward_in_parts(const Batch& batch) {
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
  if (!std::isfinite(value)) optimiser_->zero_grad();
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

bool CellRun::train_step() {
  if (next_batch_ == batches_.size()) return false;
  const double value = backward(batches_[next_batch_++]);
  lr_ = member_.cell.train.lr * schedule_.at(step_);
  const auto norm = optimiser_->gradient_norm();  // of the step before, which the loss has waited for
  if (std::isfinite(value)) {
    optimiser_->step(schedule_.at(step_));
    loss_sum_ += value, ++loss_count_, bad_losses_ = 0;
  } else if (++bad_losses_ == kMaxBadLosses) {
    throw Failure{
        ErrorClass::diverged,
        {"diverged", fmt::format("the loss was not finite {} times in a row, at step {}", bad_losses_, step_),
         "lower train.lr or the adapter's lr", "/train/lr"}};
  }
  ++step_;
  between_steps();
  reporter_.progress({.phase = "training",
                      .step = step_,
                      .steps = schedule_.steps,
                      .loss = value,
                      .lr = lr_,
                      .gradient_norm = norm});
  return true;
}

void CellRun::end_epoch() {
  const double wer =
      total_words(transcribe(validation(), "validating", member_.cell.eval.validation_beam)).rate();
  decoded_.clear(), in_epoch_ = false;
  const bool better = wer < best_wer_;
  if (better) keep_best(epoch_, wer);
  done_training_ = stop_.ends_after(wer) || epoch_ == member_.cell.train.epochs;
  epochs_.push_back({.epoch = epoch_,
                     .step = step_,
                     .train_loss = loss_sum_ / double(loss_count_),  // NaN when no step had a finite loss
                     .lr = lr_,
                     .validation_wer = wer,
                     .seconds = epoch_time_.seconds(),
                     .best = better});
  epoch_time_ = {};
  reporter_.epoch(epochs_.back());
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
  need(save_best(member_.directory, epoch, member_.cell, projector_, adapter_), ErrorClass::infrastructure);
}

// The answers of one batch; of its halves where memory is too small for the whole.
std::vector<std::string> CellRun::decode(std::span<const Utterance> utterances, const Batch& batch,
                                         int beam) {
  const EvalSpec& eval = member_.cell.eval;
  try {
    const Autocast autocast(precision_);
    const Prompts prompts = {.embeddings = slam_->prompt(audio_tokens(utterances, batch, {})),
                             .adapter = adapter_ ? &*adapter_ : nullptr};
    std::vector<std::string> texts;
    for (const auto& answer : beam_search(slam_->llm(), prompts,
                                          {.beam = beam,
                                          .max_new_tokens = eval.max_new_tokens,
                                          .length_penalty = eval.length_penalty,
                                          .repetition_penalty = eval.repetition_penalty}))
      texts.push_back(slam_->text(answer));
    return texts;
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error) || batch.size() < 2) throw;
    reporter_.note(fmt::format("out of memory: {} utterances are transcribed in two halves", batch.size()));
  }
  const auto middle = batch.begin() + std::ptrdiff_t(batch.size() / 2);
  auto texts = decode(utterances, {batch.begin(), middle}, beam);
  for (std::string& text : decode(utterances, {middle, batch.end()}, beam)) texts.push_back(std::move(text));
  return texts;
}

std::vector<UtteranceResult> CellRun::transcribe(std::span<const Utterance> utterances,
                                                 std::string_view phase, int beam) {
  const torch::NoGradGuard no_grad;
  const auto batches = make_batches(utterances, member_.cell.eval.batch);
  std::vector<UtteranceResult> results(utterances.size());
  std::size_t done = 0;  // utterances
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (done == decoded_.size()) {
      report(phase, std::int64_t(i), std::int64_t(batches.size()));
      const auto texts = decode(utterances, batches[i], beam);
      for (std::size_t j = 0; j < texts.size(); ++j) {
        const Utterance& utterance = utterances[batches[i][j]];
        UtteranceResult result = score(utterance.text, texts[j]);
        result.id = utterance.id, result.audio = utterance.audio.string(), result.seconds = utterance.seconds;
        decoded_.push_back(std::move(result));
      }
    }
    for (const int index : batches[i]) results[index] = decoded_[done++];
  }
  return results;
}

void CellRun::release() {
  corpus_.reset(), encoder_.reset(), slam_.reset();
  projector_ = nullptr, adapter_.reset(), optimiser_.reset();
  best_.clear();
}

RunResult CellRun::evaluate() {
  training_time_.stop();
  evaluation_time_.start();
  if (best_epoch_ == 0)
    throw Failure{ErrorClass::diverged,
                  {"diverged", "no epoch gave a word error rate", "lower train.lr", "/train/lr"}};
  {
    const torch::NoGradGuard no_grad;
    auto parameters = trained();
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].copy_(best_[i]);
  }
  if (!std::filesystem::exists(best_directory(member_.directory, best_epoch_)))  // of an earlier attempt
    need(save_best(member_.directory, best_epoch_, member_.cell, projector_, adapter_),
         ErrorClass::infrastructure);
  const auto results = transcribe(corpus_->test.utterances, "evaluating", member_.cell.eval.beam);

  std::string lines;
  EditCounts characters;
  for (const UtteranceResult& result : results) {
    lines += to_json(result).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    characters += result.characters;
  }
  need(write_file(member_.directory / kUtterancesFile, lines), ErrorClass::infrastructure);
  need(publish_best(member_.directory, best_epoch_), ErrorClass::infrastructure);

  RunResult result{.words = total_words(results),
                   .characters = characters,
                   .batch_mean_wer = batch_mean_wer(results),
                   .utterances = std::int64_t(results.size()),
                   .utterances_sha256 = sha256_hex(lines),
                   .best_epoch = best_epoch_,
                   .epochs = epoch_,
                   .steps = step_,
                   .validation_wer = best_wer_,
                   .train_seconds = training_time_.seconds(),
                   .evaluate_seconds = evaluation_time_.seconds(),
                   .audio_seconds = corpus_->test.size().seconds,
                   .parameters = {.encoder = encoder_->encoder()->parameter_count(member_.cell.layers),
                                  .projector = parameter_count(*projector_),
                                  .adapter = adapter_ ? adapter_->parameter_count() : 0,
                                  .llm = parameter_count(*slam_->llm())},
                   .train = corpus_->train.size(),
                   .dev = corpus_->dev.size(),
                   .test = corpus_->test.size(),
                   .skipped = corpus_->skipped,
                   .precision = std::string(to_string(precision_)),
                   .build = build_name()};
  if (result.skipped.size() > kSkippedListed) result.skipped.resize(kSkippedListed);
  need(write_file(member_.directory / kResultFile, to_json(result).dump(2) + "\n"),
       ErrorClass::infrastructure);
  return result;
}

}  // namespace sweetspot::worker
