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

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

EditCounts total_words(std::span<const UtteranceResult> results) {
  EditCounts total;
  for (const UtteranceResult& result : results) total += result.words;
  return total;
}
}  // namespace

void CellRun::report(std::string_view phase, std::int64_t step, std::int64_t steps) {
  if (reporter_.cancelled())
    throw Failure{ErrorClass::internal, {"cancelled", "the run was cancelled", "", ""}};
  reporter_.progress({.phase = phase, .step = step, .steps = steps});
}

void CellRun::load(Workshop& workshop) {
  const Cell& cell = member_.cell;
  report("loading", 0, 3);
  std::filesystem::create_directories(member_.directory);
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

torch::Tensor CellRun::batch_loss(const Batch& batch) {
  const Autocast autocast(precision_);
  std::vector<TokenIds> answers;
  for (const int index : batch) answers.push_back(answers_[index]);
  const auto audio =
      audio_tokens(corpus_->train.utterances, batch, {rng_, Draw::projector_dropout, std::uint64_t(step_)});
  return slam_->loss(audio, answers,
                     {.adapter = adapter_ ? &*adapter_ : nullptr,
                      .dropout = {rng_, Draw::adapter_dropout, std::uint64_t(step_)}});
}

void CellRun::begin_epoch(int epoch) {
  epoch_ = epoch, next_batch_ = 0, loss_sum_ = 0, loss_count_ = 0;
  epoch_since_ = Clock::now();
  if (epoch == 1) training_since_ = epoch_since_;
  std::optional<Shuffle> shuffle;
  if (member_.cell.train.shuffle) shuffle = Shuffle{rng_, epoch};
  batches_ = make_batches(corpus_->train.utterances, member_.cell.train.batch, shuffle);
}

bool CellRun::train_step() {
  if (next_batch_ == batches_.size()) return false;
  const auto loss = batch_loss(batches_[next_batch_++]);
  const double value = loss.item<double>();
  lr_ = member_.cell.train.lr * schedule_.at(step_);
  const auto norm = optimiser_->gradient_norm();  // of the step before, which the loss has waited for
  if (std::isfinite(value)) {
    loss.backward();
    optimiser_->step(schedule_.at(step_));
    loss_sum_ += value, ++loss_count_, bad_losses_ = 0;
  } else if (++bad_losses_ == kMaxBadLosses) {
    throw Failure{
        ErrorClass::diverged,
        {"diverged", fmt::format("the loss was not finite {} times in a row, at step {}", bad_losses_, step_),
         "lower train.lr or the adapter's lr", "/train/lr"}};
  }
  ++step_;
  if (reporter_.cancelled()) report("training", step_, schedule_.steps);
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
  const bool better = wer < best_wer_;
  if (better) keep_best(epoch_, wer);
  done_training_ = stop_.ends_after(wer) || epoch_ == member_.cell.train.epochs;
  reporter_.epoch({.epoch = epoch_,
                   .step = step_,
                   .train_loss = loss_sum_ / double(loss_count_),  // NaN when no step had a finite loss
                   .lr = lr_,
                   .validation_wer = wer,
                   .seconds = seconds_since(epoch_since_),
                   .best = better});
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

std::vector<UtteranceResult> CellRun::transcribe(std::span<const Utterance> utterances,
                                                 std::string_view phase, int beam) {
  const torch::NoGradGuard no_grad;
  const EvalSpec& eval = member_.cell.eval;
  const auto batches = make_batches(utterances, eval.batch);
  std::vector<UtteranceResult> results(utterances.size());
  for (std::size_t i = 0; i < batches.size(); ++i) {
    report(phase, std::int64_t(i), std::int64_t(batches.size()));
    const Autocast autocast(precision_);
    const Prompts prompts = {.embeddings = slam_->prompt(audio_tokens(utterances, batches[i], {})),
                             .adapter = adapter_ ? &*adapter_ : nullptr};
    const auto answers = beam_search(slam_->llm(), prompts,
                                     {.beam = beam,
                                      .max_new_tokens = eval.max_new_tokens,
                                      .length_penalty = eval.length_penalty,
                                      .repetition_penalty = eval.repetition_penalty});
    for (std::size_t j = 0; j < answers.size(); ++j) {
      const Utterance& utterance = utterances[batches[i][j]];
      UtteranceResult result = score(utterance.text, slam_->text(answers[j]));
      result.id = utterance.id, result.audio = utterance.audio.string(), result.seconds = utterance.seconds;
      results[batches[i][j]] = std::move(result);
    }
  }
  return results;
}

void CellRun::release() {
  corpus_.reset(), encoder_.reset(), slam_.reset();
  projector_ = nullptr, adapter_.reset(), optimiser_.reset();
  best_.clear();
}

RunResult CellRun::evaluate() {
  const double train_seconds = seconds_since(training_since_);
  const auto evaluating_since = Clock::now();
  if (best_epoch_ == 0)
    throw Failure{ErrorClass::diverged,
                  {"diverged", "no epoch gave a word error rate", "lower train.lr", "/train/lr"}};
  {
    const torch::NoGradGuard no_grad;
    auto parameters = trained();
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].copy_(best_[i]);
  }
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
                   .train_seconds = train_seconds,
                   .evaluate_seconds = seconds_since(evaluating_since),
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
