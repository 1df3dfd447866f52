// What is kept of a cell between two steps, and how it goes on from there. Everything else a cell computes
// with is a pure function of its settings, of the seed and of the step, so this is all there is to keep.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "schemas/attempt_files.h"
#include "schemas/sha256.h"
#include "worker/model/atomic_file.h"
#include "worker/recipe/cell_run.h"

namespace sweetspot::worker {

namespace {
using nlohmann::json;
constexpr std::int64_t kSampled = 64;  // values of each frozen tensor

// Infinity has no JSON.
json number_or_null(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }
double or_infinity(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

template <class T>
json list(const std::vector<T>& items) {
  json all = json::array();
  for (const T& item : items) all.push_back(to_json(item));
  return all;
}

template <class T>
std::vector<T> read_list(const json& items, Result<T> (*read)(const json&)) {
  std::vector<T> all;
  for (const json& item : items) {
    auto one = read(item);
    if (!one) throw std::runtime_error(one.error().message);
    all.push_back(std::move(*one));
  }
  return all;
}

// Evenly spaced values of a frozen module's tensors, but for those `left_out` says: enough to tell one model
// from another without reading gigabytes again.
template <class LeftOut>
std::string sample(const torch::nn::Module& module, LeftOut left_out) {
  std::string bytes;
  for (const auto& parameter : module.named_parameters()) {
    if (left_out(parameter.key())) continue;
    const auto values = parameter.value().detach().flatten();
    const auto some =
        values.slice(0, 0, values.numel(), std::max<std::int64_t>(1, values.numel() / kSampled));
    const auto copy = some.to(torch::kCPU, torch::kFloat32).contiguous();
    bytes += parameter.key() + fmt::format("{}", fmt::join(parameter.value().sizes().vec(), "x"));
    bytes.append(static_cast<const char*>(copy.data_ptr()), copy.nbytes());
  }
  return bytes;
}
}  // namespace

// Of what the cell learns from: utterances and frozen models. Layers above the cell's are there for pack
// mates.
std::string CellRun::data_hash() const {
  std::string bytes;
  for (const Split* split : {&corpus_->train, &corpus_->dev, &corpus_->test})
    for (const Utterance& u : split->utterances)
      bytes += fmt::format("{}\n{}\n{}\n{}\n", u.id, u.offset, u.seconds, u.text);
  bytes += sample(*encoder_->encoder(), [&](const std::string& name) {
    return name.starts_with("layers.") && std::stoi(name.substr(7)) >= member_.cell.layers;
  });
  bytes += sample(*slam_->llm(), [](const std::string&) { return false; });
  return sha256_hex(bytes);
}

// What sums are added up in another order by: with the same, a resumed cell's numbers are the same to the
// bit.
json CellRun::surroundings() const {
  return {{"device", device_.is_cuda() ? "cuda" : "cpu"},
          {"threads", at::get_num_threads()},
          {"precision", to_string(precision_)},
          {"build", build_name()}};
}

// Shares storage with what is in use.
NamedTensors CellRun::tensors() {
  NamedTensors all = optimiser_->memory();
  const auto parameters = trained();
  for (std::size_t i = 0; i < parameters.size(); ++i)
    all.emplace_back("trained." + std::to_string(i), parameters[i].detach());
  for (std::size_t i = 0; i < best_.size(); ++i) all.emplace_back("best." + std::to_string(i), best_[i]);
  return all;
}

json CellRun::state() const {
  const EarlyStop::Memory& memory = stop_.memory();
  return {{"cell", cell_hash(member_.cell)},
          {"data", data_hash_},
          {"surroundings", surroundings()},
          {"resumptions", resumptions_},
          {"epoch", epoch_},
          {"in_epoch", in_epoch_},
          {"done_training", done_training_},
          {"next_batch", next_batch_},
          {"step", step_},
          {"bad_losses", bad_losses_},
          {"parts", parts_},
          {"loss_sum", loss_sum_},
          {"loss_count", loss_count_},
          {"lr", lr_},
          {"best_epoch", best_epoch_},
          {"best_wer", number_or_null(best_wer_)},
          {"stop", {number_or_null(memory.reference), memory.waited}},
          {"seconds", {training_time_.seconds(), epoch_time_.seconds(), evaluation_time_.seconds()}},
          {"timing", to_json(timing_)},
          {"clips", clips_},
          {"epochs", list(epochs_)},
          {"decoded", list(transcription_.decoded)}};
}

void CellRun::save() {
  const Status saved = points_.save({state(), tensors()});
  if (!saved) reporter_.note(fmt::format("no checkpoint was written: {}", saved.error().message));
}

void CellRun::restore(const ResumePoint& point) {
  const json& s = point.state;
  epoch_ = s.at("epoch"), in_epoch_ = s.at("in_epoch"), done_training_ = s.at("done_training");
  next_batch_ = s.at("next_batch"), step_ = s.at("step"), bad_losses_ = s.at("bad_losses"),
  parts_ = s.at("parts");
  loss_sum_ = s.at("loss_sum"), loss_count_ = s.at("loss_count"), lr_ = s.at("lr");
  best_epoch_ = s.at("best_epoch"), best_wer_ = or_infinity(s.at("best_wer"));
  stop_.remember({.reference = or_infinity(s.at("stop").at(0)), .waited = s.at("stop").at(1)});
  training_time_.before = s.at("seconds").at(0), epoch_time_.before = s.at("seconds").at(1);
  evaluation_time_.before = s.at("seconds").at(2);
  if (s.contains("timing"))  // checkpoints of before have none
    timing_ = need(timing_from_json(s.at("timing")), ErrorClass::internal), clips_ = s.at("clips");
  epochs_ = read_list<EpochMetrics>(s.at("epochs"), epoch_metrics_from_json);
  transcription_.decoded = read_list<UtteranceResult>(s.at("decoded"), utterance_result_from_json);
  if (best_epoch_ > 0)
    for (const torch::Tensor& parameter : trained()) best_.push_back(torch::empty_like(parameter.detach()));
  std::map<std::string, torch::Tensor> kept(point.tensors.begin(), point.tensors.end());
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : tensors()) tensor.copy_(kept.at(name));
}

void CellRun::note_resumption(const json& then) {
  std::string changed;
  const json now = surroundings();
  for (const auto& [what, value] : now.items())
    if (then.at(what) != value)
      changed += fmt::format(" {} {} -> {};", what, then.at(what).dump(), value.dump());
  const std::string where = done_training_ ? "the evaluation" : fmt::format("epoch {}", epoch_);
  reporter_.note(fmt::format("goes on from a checkpoint at step {}, in {}{}", step_, where,
                             changed.empty() ? "" : ", not bit-exact:" + changed));
  resumptions_.push_back(
      {{"epoch", epoch_}, {"step", step_}, {"bit_exact", changed.empty()}, {"changed", changed}});
  (void)write_file(member_.directory / kResumedFile, resumptions_.dump(2) + "\n");
}

void CellRun::resume() {
  data_hash_ = data_hash();
  std::vector<std::filesystem::path> attempts = {member_.directory};
  attempts.insert(attempts.end(), member_.earlier.begin(), member_.earlier.end());
  const auto found = points_.newest(attempts);
  for (const std::string& why : found.rejected) reporter_.note("a checkpoint was passed over: " + why);
  if (!found.point) {
    if (!found.rejected.empty()) reporter_.note("no checkpoint is left: starts from the beginning");
    return;
  }
  const json& state = found.point->state;
  for (const auto& [what, hash] :
       {std::pair("cell", cell_hash(member_.cell)), std::pair("data", data_hash_)}) {
    if (state.at(what) == hash) continue;
    reporter_.note(
        fmt::format("{}: written with {}: starts from the beginning", found.place.string(),
                    what == std::string_view("cell") ? "other settings" : "another corpus or model"));
    return;
  }
  restore(*found.point);
  resumptions_ = state.at("resumptions");
  note_resumption(state.at("surroundings"));
  for (const EpochMetrics& metrics : epochs_) reporter_.epoch(metrics);
}

}  // namespace sweetspot::worker
