// The worker's half of tests/bench/paper/shape: encodes, trains and decodes given batches with the worker's
// own code, one command a line on stdin, one line of JSON back. The other half, reference.py, answers the
// same commands.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "schemas/json_text.h"
#include "worker/decode/beam_search.h"
#include "worker/model/projector.h"
#include "worker/model/slam_asr.h"
#include "worker/model/whisper_encoder.h"
#include "worker/recipe/workshop.h"
#include "worker/train/adamw.h"

namespace sweetspot::worker {
namespace {
using nlohmann::json;
namespace fs = std::filesystem;

struct Options {
  fs::path encoder, llm, work;  // work: projector, adapter and batches, as reference.py wrote them
  std::string precision = "fp32";
  int threads = 1, max_new_tokens = 16;
};

template <class T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

// Seconds of wall clock and of processor, user and system, so far.
struct Spent {
  double wall, user, system;
  static Spent now() {
    const auto seconds = [](timeval t) { return double(t.tv_sec) + 1e-6 * double(t.tv_usec); };
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto wall = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration<double>(wall).count(), seconds(usage.ru_utime), seconds(usage.ru_stime)};
  }
  json since(const Spent& begin) const {
    return {{"wall", wall - begin.wall}, {"user", user - begin.user}, {"system", system - begin.system}};
  }
};

// Of this process, in bytes: VmHWM, VmRSS, RssAnon and RssFile.
json memory() {
  json all;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    for (const char* name : {"VmHWM", "VmRSS", "RssAnon", "RssFile"})
      if (line.starts_with(name)) all[name] = 1024 * std::stoll(line.substr(line.find(':') + 1));
  return all;
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        precision_(options.precision == "bf16" ? Precision::bf16 : Precision::fp32),
        batches_(need(SafetensorsFile::open(options.work / "batches.safetensors"))),
        answers_(need(read_json_file(options.work / "batches.json")).at("answers")) {
    const Placement placement = {torch::kCPU,
                                 precision_ == Precision::bf16 ? torch::kBFloat16 : torch::kFloat32};
    const auto layers = need(read_whisper_config(options.encoder)).encoder_layers;
    encoder_ = need(load_whisper_encoder(options.encoder, int(layers), placement));
    slam_.emplace(need(load_qwen2(options.llm, placement)), need(Tokenizer::load(options.llm)));
    const Qwen2Config& llm = slam_->llm()->config();
    projector_ = need(load_projector(options.work / "projector.safetensors",
                                     {encoder_->config().d_model, llm.hidden}, torch::kCPU));
    adapter_.emplace(need(LoraAdapter::load(options.work / "adapter", llm, torch::kCPU)));
    optimiser_.emplace(
        std::vector<ParameterGroup>{{projector_->parameters(), 1e-4}, {adapter_->parameters(), 1e-4}},
        AdamWOptions{});
  }

  // What a command did, without its times.
  json operator()(const std::string& command, int batch) {
    if (command == "encode") return encode(batch);
    if (command == "train") return train(batch);
    if (command == "decode") return decode(batch);
    if (command == "memory") return memory();
    throw std::runtime_error("no such command: " + command);
  }

 private:
  json encode(int batch) {
    const torch::NoGradGuard no_grad;
    const auto mel = batches_.view(fmt::format("mel.{}", batch));
    features_[batch] = encoder_->forward(mel.to(encoder_->parameters().front().scalar_type()));
    return {{"mean", features_[batch].to(torch::kFloat32).abs().mean().item<double>()}};
  }

  torch::Tensor loss_of(int batch) {
    const Autocast autocast(precision_);
    const auto answers = answers_.at(batch).get<std::vector<TokenIds>>();
    const StackedAdapters adapters({{&*adapter_}});
    return slam_->losses(projector_->forward(features_.at(batch), {}), answers, 1,
                         {.adaptation = &adapters})[0];
  }

  json train(int batch) {
    const auto loss = loss_of(batch);
    loss.backward();
    optimiser_->step(1);
    return {{"loss", loss.item<double>()}};
  }

  json decode(int batch) {
    const torch::NoGradGuard no_grad;
    const Autocast autocast(precision_);
    const Prompts prompts = {.embeddings = slam_->prompt(projector_->forward(features_.at(batch), {})),
                             .adapters = {&*adapter_}};
    return {
        {"ids", beam_search(slam_->llm(), prompts, {.beam = 2, .max_new_tokens = options_.max_new_tokens})}};
  }

  Options options_;
  Precision precision_;
  SafetensorsFile batches_;
  json answers_;
  WhisperEncoder encoder_ = nullptr;
  std::optional<SlamAsr> slam_;
  Projector projector_ = nullptr;
  std::optional<LoraAdapter> adapter_;
  std::optional<AdamW> optimiser_;
  std::map<int, torch::Tensor> features_;
};

void serve(const Options& options) {
  at::set_num_threads(options.threads);
  auto begin = Spent::now();
  Bench bench(options);
  const auto answer = [&](json done) {
    done.update(Spent::now().since(begin));
    std::cout << done.dump() << std::endl;
  };
  answer(memory());
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream in(line);
    std::string command;
    int batch = 0;
    in >> command >> batch;
    begin = Spent::now();
    answer(bench(command, batch));
  }
}
}  // namespace
}  // namespace sweetspot::worker

int main(int argc, char** argv) {
  CLI::App program("one half of tests/bench/paper/shape");
  sweetspot::worker::Options options;
  program.add_option("--encoder", options.encoder)->required();
  program.add_option("--llm", options.llm)->required();
  program.add_option("--work", options.work)->required();
  program.add_option("--precision", options.precision);
  program.add_option("--threads", options.threads);
  program.add_option("--max-new-tokens", options.max_new_tokens);
  CLI11_PARSE(program, argc, argv);
  try {
    sweetspot::worker::serve(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
