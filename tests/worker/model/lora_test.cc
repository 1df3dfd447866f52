#include "worker/model/lora.h"

#include "tests/worker/model/fixtures.h"
#include "worker/model/atomic_file.h"
#include "worker/model/qwen2.h"

namespace sweetspot::worker {
namespace {

// As the fixture's labels: the positions that are scored, and what follows them.
torch::Tensor loss(const Qwen2& llm, const torch::Tensor& embeddings, const Qwen2Pass& pass) {
  const auto rows = torch::tensor({1, 2, 3, 4, 7, 8, 9, 13, 14}, torch::kInt64);
  const auto labels = torch::tensor({5, 9, 11, 3, 7, 7, 3, 20, 3}, torch::kInt64);
  return torch::cross_entropy_loss(
      llm->logits(llm->forward(embeddings, pass).flatten(0, 1).index_select(0, rows)), labels);
}

TEST(Lora, LossAndGradientsEqualThoseOfPeft) {
  const auto llm = tiny_llm();
  auto adapter = LoraAdapter::load(kData / "adapter", llm->config(), torch::kCPU);
  ASSERT_TRUE(adapter.ok()) << adapter.error().message;
  for (torch::Tensor& parameter : adapter->parameters()) parameter.requires_grad_(true);
  const auto embeddings = expected("qwen2.embeddings").clone().requires_grad_(true);
  const StackedAdapters adapters({{&*adapter}});
  const auto value = loss(llm, embeddings, {.adaptation = &adapters});
  value.backward();
  expect_close(value.detach().view({1}), expected("lora.loss"));
  expect_close(embeddings.grad(), expected("lora.embeddings_gradient"), 1e-4);

  // Parameters come layer by layer, in the order q, v, o, down; A before B.
  const auto parameters = adapter->parameters();
  std::size_t i = 0;
  for (const char* layer : {"0", "1"})
    for (const char* module : {"self_attn.q_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.down_proj"})
      for (const char* matrix : {"A", "B"})
        expect_close(parameters[i++].grad(),
                     expected(std::string("lora.gradient.base_model.model.model.layers.") + layer + "." +
                              module + ".lora_" + matrix + ".weight"),
                     1e-4);
  EXPECT_EQ(i, parameters.size());
}

TEST(Lora, AFreshAdapterChangesNothing) {
  const auto llm = tiny_llm();
  const LoraAdapter fresh(llm->config(), {.r = 4}, Rng(1), torch::kCPU);
  const auto x = torch::randn({2, 5, 32});
  const StackedAdapters adapters({{&fresh}});
  EXPECT_TRUE(torch::equal(llm->forward(x, {.adaptation = &adapters}), llm->forward(x, {})));
}

TEST(Lora, SavesWhatItLoads) {
  const auto config = tiny_llm()->config();
  const TemporaryDirectory directory;
  const LoraAdapter adapter(config, {.r = 3, .alpha = 7, .dropout = 0.2, .targets = {"k", "gate", "up"}},
                            Rng(5), torch::kCPU);
  ASSERT_TRUE(adapter.save(directory.path() / "adapter", "some/model").ok());
  const auto loaded = LoraAdapter::load(directory.path() / "adapter", config, torch::kCPU);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->spec(), adapter.spec());
  ASSERT_EQ(loaded->parameters().size(), adapter.parameters().size());
  for (std::size_t i = 0; i < adapter.parameters().size(); ++i)
    EXPECT_TRUE(torch::equal(loaded->parameters()[i], adapter.parameters()[i]));
}

// alpha / sqrt(r) in place of alpha / r is the same as sqrt(r) times the alpha.
TEST(Lora, ReadsAndWritesRankStabilisedAdapters) {
  const auto llm = tiny_llm();
  auto config = *read_json_file(kData / "adapter" / "adapter_config.json");
  const auto read_with = [&](const nlohmann::json& changes) {
    const TemporaryDirectory directory;
    std::filesystem::copy(kData / "adapter", directory.path());
    auto changed = config;
    changed.update(changes);
    EXPECT_TRUE(write_file(directory.path() / "adapter_config.json", changed.dump()).ok());
    const auto adapter = LoraAdapter::load(directory.path(), llm->config(), torch::kCPU).value();
    EXPECT_TRUE(adapter.save(directory.path() / "again", "some/model").ok());
    return LoraAdapter::load(directory.path() / "again", llm->config(), torch::kCPU).value();
  };
  const double alpha = config["lora_alpha"], r = config["r"];
  const auto stabilised = read_with({{"use_rslora", true}}),
             louder = read_with({{"lora_alpha", alpha * std::sqrt(r)}});
  const auto embeddings = expected("qwen2.embeddings");
  const StackedAdapters one({{&stabilised}}), other({{&louder}});
  expect_close(llm->forward(embeddings, {.adaptation = &one}), llm->forward(embeddings, {.adaptation = &other}));
}

TEST(Lora, RefusesWhatItWouldComputeOtherwise) {
  const auto config = tiny_llm()->config();
  const auto plain = *read_json_file(kData / "adapter" / "adapter_config.json");
  for (const char* change : {R"({"alpha_pattern": {"q_proj": 32}})", R"({"rank_pattern": {"q_proj": 2}})",
                             R"({"use_dora": true})", R"({"bias": "all"})",
                             R"({"layers_to_transform": [0]})", R"({"init_lora_weights": "pissa"})"}) {
    const TemporaryDirectory directory;
    std::filesystem::copy(kData / "adapter", directory.path(),
                          std::filesystem::copy_options::overwrite_existing);
    auto changed = plain;
    changed.update(nlohmann::json::parse(change));
    ASSERT_TRUE(write_file(directory.path() / "adapter_config.json", changed.dump()).ok());
    const auto loaded = LoraAdapter::load(directory.path(), config, torch::kCPU);
    ASSERT_FALSE(loaded.ok()) << change;
    EXPECT_EQ(loaded.error().code, "model_unsupported") << change;
  }
}

TEST(Lora, DropoutDependsOnStepAndPlaceAlone) {
  const auto x = torch::ones({400});
  const Rng rng(3);
  const Dropout first(rng, Draw::adapter_dropout, 1), second(rng, Draw::adapter_dropout, 2);
  const auto once = first(x, 0.25, 7);
  torch::rand({10});  // what else is drawn does not matter
  EXPECT_TRUE(torch::equal(once, first(x, 0.25, 7)));
  EXPECT_FALSE(torch::equal(once, first(x, 0.25, 8)));
  EXPECT_FALSE(torch::equal(once, second(x, 0.25, 7)));
  EXPECT_NEAR((once == 0).sum().item<double>(), 100, 40);
}

}  // namespace
}  // namespace sweetspot::worker
