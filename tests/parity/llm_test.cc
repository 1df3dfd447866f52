// Language models, LoRA and training against transformers, peft and torch.
#include <fmt/format.h>

#include <fstream>

#include "tests/parity/made_up.h"
#include "tests/parity/suite.h"
#include "worker/model/projector.h"
#include "worker/model/slam_asr.h"
#include "worker/train/adamw.h"
#include "worker/train/schedule.h"

namespace sweetspot::worker::parity {
namespace {

using nlohmann::json;

// float32 has eps 1.2e-7; the two sides add the same terms in other orders.
const Tolerance kLogits = {1e-4,
                           "eps x logits to 6 x 2 layers of sums over 16 to 400 terms (~100 roundings)"};
const Tolerance kLoss = {1e-5, "eps x losses near 5 x ~20 roundings: a mean over 8 positions"};
const Tolerance kGradients = {
    1e-4, "as logits: gradients to 3, larger ones scaled to that; the same sums backwards"};
const Tolerance kTensors = {0, "copied, not computed: the same bits"};
// AdamW divides gradients by their own size, the smallest by rounding errors: the same loop in float64 ends
// 0.2 away.
const Tolerance kLosses = {5e-4,
                           "relative: eps, grown over 50 steps of AdamW that each start from the last one's"};
const Tolerance kWeights = {1e-3, "a tenth of what AdamW moves a weight by in one step of lr 0.01"};

Qwen2 llm_named(const std::string& name) { return load_qwen2(cases_directory() / "llms" / name, {}).value(); }

// Logits of every position, read at once, or with a cache in the steps that are given.
torch::Tensor logits_of(const Qwen2& llm, const torch::Tensor& embeddings, Qwen2Pass pass,
                        const std::vector<std::int64_t>& steps) {
  KvCache cache(llm->config().layers, embeddings.size(1));
  if (steps.size() > 1) pass.cache = &cache;
  std::vector<torch::Tensor> hidden;
  for (const auto& part : embeddings.split_with_sizes(steps, 1)) hidden.push_back(llm->forward(part, pass));
  return llm->logits(torch::cat(hidden, 1));
}

// A prompt of `first` positions, then one position a step.
std::vector<std::int64_t> one_by_one(std::int64_t first, std::int64_t length) {
  std::vector<std::int64_t> steps(1 + length - first, 1);
  steps.front() = first;
  return steps;
}

TEST(Decoder, GivesTheLogitsOfTransformersAtOnceAndWithACache) {
  const torch::NoGradGuard no_grad;
  const Fixture fixture("decoder");
  std::map<std::string, Piece> pieces;
  Piece cached("decoder, a position at a time", "transformers, whole row", kLogits);
  for (std::size_t i = 0; i < fixture.cases().size(); ++i) {
    const json& c = fixture.cases()[i];
    const std::string model = c.at("model");
    const std::int64_t length = c.at("length");
    const auto padding = c.at("padding").get<std::vector<std::int64_t>>();
    const auto llm = llm_named(model);
    const auto embeddings = noise(c.at("seed"), {std::int64_t(padding.size()), length, llm->config().hidden});
    Qwen2Pass pass;
    if (padding.back() > 0) pass.padding = torch::tensor(padding);
    const auto wanted = fixture[std::to_string(i)];
    const auto whole = logits_of(llm, embeddings, pass, {length});
    const auto stepwise =
        logits_of(llm, embeddings, pass, one_by_one(std::max<std::int64_t>(1, length - 6), length));
    auto& piece = pieces.try_emplace(model, "decoder " + model, "transformers", kLogits).first->second;
    for (std::size_t row = 0; row < padding.size(); ++row) {
      // What stands in the padding is nobody's business.
      const auto held = [&](const torch::Tensor& x) { return x[row].slice(0, padding[row]); };
      piece.close(held(whole), held(wanted), c.dump());
      cached.close(held(stepwise), held(wanted), c.dump());
    }
  }
}

// Loss of the last positions of each row, as transformers shifts them: position t predicts token t + 1.
torch::Tensor loss_of(const Qwen2& llm, const torch::Tensor& embeddings, const torch::Tensor& labels,
                      const Qwen2Pass& pass) {
  const auto hidden = llm->forward(embeddings, pass);
  const std::int64_t labelled = labels.size(1), first = embeddings.size(1) - labelled - 1;
  return torch::cross_entropy_loss(llm->logits(hidden.narrow(1, first, labelled).flatten(0, 1)),
                                   labels.flatten());
}

// PEFT's names of an adapter's parameters, in our order: layer by layer, q to down, A before B.
std::vector<std::string> names_of(const LoraAdapter& adapter, std::int64_t layers) {
  std::vector<std::string> names;
  for (std::int64_t layer = 0; layer < layers; ++layer)
    for (const std::string target : {"q", "k", "v", "o", "gate", "up", "down"}) {
      if (!std::ranges::count(adapter.spec().targets, target)) continue;
      const char* block = target.size() == 1 ? "self_attn" : "mlp";
      for (const char matrix : {'A', 'B'})
        names.push_back(fmt::format("base_model.model.model.layers.{}.{}.{}_proj.lora_{}.weight", layer,
                                    block, target, matrix));
    }
  return names;
}

TEST(Lora, GivesTheLossAndEveryGradientOfPeft) {
  const Fixture fixture("lora");
  Piece loss("LoRA, loss", "peft", kLoss), gradient("LoRA, every gradient", "peft", kGradients),
      logits("LoRA, logits", "peft", kLogits);
  for (std::size_t i = 0; i < fixture.cases().size(); ++i) {
    const json& c = fixture.cases()[i];
    const auto llm = llm_named(c.at("model"));
    const auto directory = cases_directory() / "adapters" / c.at("adapter").dump();
    const auto adapter = LoraAdapter::load(directory, llm->config(), torch::kCPU).value();
    for (torch::Tensor& parameter : adapter.parameters()) parameter.requires_grad_(true);
    auto embeddings = noise(c.at("seed"), {c.at("batch"), c.at("length"), llm->config().hidden});
    embeddings.requires_grad_(true);
    const auto rows = c.at("labels").get<std::vector<std::vector<std::int64_t>>>();
    std::vector<torch::Tensor> labels;
    for (const auto& row : rows) labels.push_back(torch::tensor(row));

    const StackedAdapters adapters({{&adapter}});
    const Qwen2Pass pass = {.adaptation = &adapters};
    const auto value = loss_of(llm, embeddings, torch::stack(labels), pass);
    value.backward();
    const auto wanted = [&](const std::string& name) { return fixture[fmt::format("{}.{}", i, name)]; };
    loss.close(value.detach().view({1}), wanted("loss"), c.dump());
    const auto close = [&](const torch::Tensor& ours, const std::string& name) {
      const auto theirs = wanted(name);
      const double size = std::max(1.0, theirs.abs().max().item<double>() / 3);
      gradient.close(ours / size, theirs / size, c.dump() + " " + name);
    };
    close(embeddings.grad(), "inputs");
    logits.close(llm->logits(llm->forward(embeddings.detach(), pass)).detach(), wanted("logits"), c.dump());
    const auto parameters = adapter.parameters();
    const auto names = names_of(adapter, llm->config().layers);
    ASSERT_EQ(parameters.size(), names.size());
    for (std::size_t p = 0; p < parameters.size(); ++p) close(parameters[p].grad(), names[p]);
  }
}

// An adapter directory that PEFT wrote, read and written by us, holds the same tensors. That PEFT reads ours
// is for tests/parity/run to show, where PEFT is installed.
TEST(Lora, WritesTheTensorsOfPeft) {
  Piece piece("LoRA, tensors written again", "peft's file", kTensors);
  const Fixture fixture("lora");
  for (const json& c : fixture.cases()) {
    const auto theirs = cases_directory() / "adapters" / c.at("adapter").dump();
    const auto ours = exports_directory() / "adapters" / c.at("adapter").dump();
    const std::string model = c.at("model");
    const auto adapter = LoraAdapter::load(theirs, llm_named(model)->config(), torch::kCPU).value();
    ASSERT_TRUE(adapter.save(ours, model).ok());
    const auto wanted = SafetensorsFile::open(theirs / "adapter_model.safetensors").value(),
               written = SafetensorsFile::open(ours / "adapter_model.safetensors").value();
    ASSERT_EQ(written.entries().size(), wanted.entries().size());
    for (const auto& [name, entry] : wanted.entries())
      piece.same(torch::equal(written.view(name), wanted.view(name)), true, name);
  }
}

// ---- Training ----

// Everything that a cell trains, as the fixture has it before the first step.
struct Trainee {
  SlamAsr slam;
  Projector projector;
  std::optional<LoraAdapter> adapter;
};

Trainee load_trainee(const std::filesystem::path& directory, const json& c) {
  const auto llm = load_qwen2(directory, {}).value();
  const ProjectorShape shape = {.encoder_width = c.at("width"), .llm_width = llm->config().hidden};
  Trainee trainee{SlamAsr(llm, Tokenizer::load(directory).value()),
                  load_projector(directory / "projector.safetensors", shape, torch::kCPU).value(),
                  {}};
  if (c.at("lora"))
    trainee.adapter = LoraAdapter::load(directory / "adapter", llm->config(), torch::kCPU).value();
  return trainee;
}

// A projector that torch wrote, read and written by us, holds the same tensors; what our file says of itself
// is for tests/parity/run to read back.
TEST(ProjectorFile, WritesTheTensorsOfTorch) {
  Piece piece("projector, tensors written again", "torch's file", kTensors);
  const Fixture fixture("training");
  for (std::size_t i = 0; i < fixture.cases().size(); ++i) {
    const auto theirs = cases_directory() / "slam" / std::to_string(i) / "projector.safetensors";
    const auto ours = exports_directory() / "projectors" / fmt::format("{}.safetensors", i);
    std::filesystem::create_directories(ours.parent_path());
    const Trainee trainee = load_trainee(theirs.parent_path(), fixture.cases()[i]);
    ASSERT_TRUE(save_projector(ours, trainee.projector).ok());
    const auto wanted = SafetensorsFile::open(theirs).value(), written = SafetensorsFile::open(ours).value();
    ASSERT_EQ(written.entries().size(), wanted.entries().size());
    for (const auto& [name, entry] : wanted.entries())
      piece.same(torch::equal(written.view(name), wanted.view(name)), true, name);
  }
}

// Losses of all steps, as CellRun::train_step takes them.
std::vector<double> train(Trainee& trainee, const json& c) {
  auto& [slam, projector, adapter] = trainee;
  std::vector<ParameterGroup> groups = {{projector->parameters(), c.at("lr")}};
  if (adapter) groups.push_back({adapter->parameters(), c.at("lr")});
  AdamW optimiser(std::move(groups), {.weight_decay = c.at("weight_decay"), .clip = c.at("clip")});
  const WarmupCosine schedule = {
      .steps = c.at("steps"), .warmup = c.at("warmup"), .min_ratio = c.at("min_ratio")};
  const StackedAdapters adapters({{adapter ? &*adapter : nullptr}});
  std::vector<double> losses;
  for (const json& batch : c.at("batches")) {
    std::vector<std::vector<std::int64_t>> answers;
    for (const json& text : batch.at("answers")) answers.push_back(slam.answer(text.get<std::string>()));
    const auto features =
        noise(batch.at("seed"), {std::int64_t(answers.size()), batch.at("frames"), c.at("width")});
    const auto loss = slam.losses(projector->forward(features, {}), answers, 1, {.adaptation = &adapters})[0];
    loss.backward();
    optimiser.step(schedule.at(std::int64_t(losses.size())));
    losses.push_back(loss.item<double>());
  }
  return losses;
}

TEST(Training, GivesTheLossesAndWeightsOfATorchLoop) {
  at::set_num_threads(1);  // as the loop had: fifty steps magnify every other order of summation
  const Fixture fixture("training");
  Piece loss("training, 50 losses", "torch AdamW, peft", kLosses),
      weights("training, final weights", "torch AdamW, peft", kWeights);
  for (std::size_t i = 0; i < fixture.cases().size(); ++i) {
    const json& c = fixture.cases()[i];
    Trainee trainee = load_trainee(cases_directory() / "slam" / std::to_string(i), c);
    const auto losses = train(trainee, c);
    const auto wanted = fixture[fmt::format("{}.losses", i)];
    ASSERT_EQ(losses.size(), std::size_t(wanted.size(0)));
    for (std::size_t step = 0; step < losses.size(); ++step) {
      const double theirs = wanted[std::int64_t(step)].item<double>();
      loss.close(losses[step] / theirs, 1, fmt::format("case {} step {}", i, step));
    }
    for (const auto& parameter : trainee.projector->named_parameters())
      weights.close(parameter.value().detach(), fixture[fmt::format("{}.{}", i, parameter.key())],
                    parameter.key());
    if (!trainee.adapter) continue;
    const auto names = names_of(*trainee.adapter, trainee.slam.llm()->config().layers);
    for (std::size_t p = 0; p < names.size(); ++p)
      weights.close(trainee.adapter->parameters()[p].detach(), fixture[fmt::format("{}.{}", i, names[p])],
                    names[p]);
  }
}

}  // namespace
}  // namespace sweetspot::worker::parity
