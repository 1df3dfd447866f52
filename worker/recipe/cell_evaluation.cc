// How well a cell does: it transcribes a split batch by batch and counts the words. The validation split
// after each epoch, the test split once, with the best epoch's projector and adapter.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "schemas/sha256.h"
#include "worker/model/atomic_file.h"
#include "worker/recipe/cell_run.h"
#include "worker/text/wer.h"
#include "worker/train/checkpoint.h"

namespace sweetspot::worker {

namespace {
constexpr std::size_t kSkippedListed = 1000;

std::size_t clips(std::span<const Batch> batches) {
  std::size_t all = 0;
  for (const Batch& batch : batches) all += batch.size();
  return all;
}

template <class Items>
std::pair<Items, Items> halves(const Items& items) {
  const auto middle = items.begin() + std::ptrdiff_t(items.size() / 2);
  return {{items.begin(), middle}, {middle, items.end()}};
}

EditCounts total_words(std::span<const UtteranceResult> results) {
  EditCounts total;
  for (const UtteranceResult& result : results) total += result.words;
  return total;
}
}  // namespace

// What an earlier attempt has decoded of it stands in `decoded` already.
void CellRun::begin_transcription(std::string_view phase, std::span<const Utterance> utterances, int beam) {
  Transcription& t = transcription_;
  t.phase = phase, t.beam = beam, t.utterances = utterances, t.next = 0;
  t.parts.clear();
  for (Batch& batch : make_batches(utterances, member_.cell.eval.batch)) {
    if (t.parts.empty() || t.parts.back().size() == batches_a_search_) t.parts.emplace_back();
    t.parts.back().push_back(std::move(batch));
  }
  std::size_t done = 0;
  for (; t.next < t.parts.size() && done + clips(t.parts[t.next]) <= t.decoded.size(); ++t.next)
    done += clips(t.parts[t.next]);
  t.decoded.resize(done);
  report(phase, std::int64_t(done), std::int64_t(utterances.size()));
}

BeamOptions CellRun::search() const {
  const EvalSpec& eval = member_.cell.eval;
  return {.beam = transcription_.beam,
          .max_new_tokens = eval.max_new_tokens,
          .length_penalty = eval.length_penalty,
          .repetition_penalty = eval.repetition_penalty};
}

std::optional<StepShape> CellRun::next_transcription() const {
  const Transcription& t = transcription_;
  if (t.next == t.parts.size()) return std::nullopt;
  StepShape next = shape(t.utterances, t.parts[t.next]);
  next.search = search();
  return next;
}

// Says how far it is: a part can take minutes. Where it begins has been said.
torch::Tensor CellRun::prompts(std::size_t batch) {
  const Transcription& t = transcription_;
  const std::span<const Batch> part = t.parts[t.next];
  if (batch > 0)
    report(t.phase, std::int64_t(t.decoded.size() + clips(part.first(batch))),
           std::int64_t(t.utterances.size()));
  return slam_->prompt(audio_tokens(t.utterances, part[batch], {}));
}

bool CellRun::halve_transcription() {
  auto& parts = transcription_.parts;
  const auto part = parts.begin() + std::ptrdiff_t(transcription_.next);
  if (clips(*part) < 2) return false;
  reporter_.note(fmt::format("out of memory: {} utterances are transcribed in two halves", clips(*part)));
  std::vector<Batch> first, second;
  if (part->size() > 1) {
    std::tie(first, second) = halves(*part);
  } else {
    const auto [one, other] = halves(part->front());
    first = {one}, second = {other};
  }
  *part = std::move(first);
  parts.insert(part + 1, std::move(second));
  return true;
}

void CellRun::end_transcription(std::vector<std::string> texts) {
  Transcription& t = transcription_;
  auto text = texts.begin();
  for (const Batch& batch : t.parts[t.next])
    for (const int index : batch) {
      const Utterance& utterance = t.utterances[std::size_t(index)];
      UtteranceResult result = score(utterance.text, *text++);
      result.id = utterance.id, result.audio = utterance.audio.string(), result.seconds = utterance.seconds;
      t.decoded.push_back(std::move(result));
    }
  // The test split is encoded when it comes to that; clips of others may be there.
  if (done_training_ || !keeps_features_) clips_ += std::int64_t(texts.size());
  ++t.next;
  report(t.phase, std::int64_t(t.decoded.size()), std::int64_t(t.utterances.size()));
}

std::vector<UtteranceResult> CellRun::transcribed() {
  std::vector<UtteranceResult> results(transcription_.utterances.size());
  auto next = transcription_.decoded.begin();
  for (const auto& part : transcription_.parts)
    for (const Batch& batch : part)
      for (const int index : batch) results[std::size_t(index)] = std::move(*next++);
  transcription_ = {};
  return results;
}

void CellRun::begin_validation() {
  begin_transcription("validating", validation(), member_.cell.eval.validation_beam);
}

void CellRun::end_epoch() {
  const double wer = total_words(transcribed()).rate();
  in_epoch_ = false;
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

void CellRun::begin_test() {
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
    leave([&] { return save_best(member_.directory, best_epoch_, member_.cell, projector_, adapter_); });
  begin_transcription("evaluating", corpus_->test.utterances, member_.cell.eval.beam);
}

Timing CellRun::timing() const {
  Timing timing = timing_;
  if (const auto alone = encoder_->work().seconds(clips_, member_.cell.layers))
    timing.saved = *alone - timing.audio - timing.encode;
  return timing;
}

RunResult CellRun::end_test() {
  const auto results = transcribed();
  std::string lines;
  EditCounts characters;
  for (const UtteranceResult& result : results) {
    lines += to_json(result).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    characters += result.characters;
  }
  leave([&] { return write_file(member_.directory / kUtterancesFile, lines); });
  leave([&] { return publish_best(member_.directory, best_epoch_); });

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
                   .timing = timing(),
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
  leave([&] { return write_file(member_.directory / kResultFile, to_json(result).dump(2) + "\n"); });
  return result;
}

}  // namespace sweetspot::worker
