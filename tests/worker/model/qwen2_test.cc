#include "worker/model/qwen2.h"

#include "tests/worker/model/fixtures.h"

namespace sweetspot::worker {
namespace {

TEST(Qwen2, GivesTheLogitsOfTransformers) {
  const torch::NoGradGuard no_grad;
  for (const std::string name : {"qwen2", "llama"}) {
    const auto llm = load_qwen2(kData / name, {});
    ASSERT_TRUE(llm.ok()) << llm.error().message;
    const auto hidden = (*llm)->forward(expected("qwen2.embeddings"), {});
    expect_close((*llm)->logits(hidden), expected(name + ".logits"), 1e-4);
  }
}

TEST(Qwen2, WithACacheEqualsTheWholeSequence) {
  const torch::NoGradGuard no_grad;
  const auto llm = tiny_llm();
  const auto x = torch::randn({2, 9, 32});
  const auto whole = llm->forward(x, {});
  KvCache cache(2, 9);
  expect_close(llm->forward(x.narrow(1, 0, 5), {.cache = &cache}), whole.narrow(1, 0, 5));
  for (int i = 5; i < 9; ++i)
    expect_close(llm->forward(x.narrow(1, i, 1), {.cache = &cache}), whole.narrow(1, i, 1));
}

TEST(Qwen2, GivesTheLastPositionsAloneWhereOnlyTheyAreWanted) {
  const auto llm = tiny_llm();
  const auto x = torch::randn({2, 9, 32}), padding = torch::tensor({2, 0}, torch::kInt64);
  for (const bool learning : {false, true}) {
    const torch::AutoGradMode mode(learning);
    for (const auto& holds : {torch::Tensor(), padding})
      for (const std::int64_t wanted : {1, 4, 9}) {
        const auto whole = llm->forward(x, {.padding = holds}).narrow(1, 9 - wanted, wanted);
        expect_close(llm->forward(x, {.padding = holds, .wanted = wanted}), whole);
        KvCache cache(2, 9);
        llm->forward(x.narrow(1, 0, 5), {.cache = &cache, .padding = holds, .wanted = 1});
        const std::int64_t rest = std::min<std::int64_t>(wanted, 4);
        expect_close(llm->forward(x.narrow(1, 5, 4), {.cache = &cache, .padding = holds, .wanted = rest}),
                     whole.narrow(1, wanted - rest, rest));
      }
  }
}

// Outputs and the gradient of the input, of all positions and of the last ones alone, with an adapter and
// without.
TEST(Qwen2, WithJoinedMapsGivesTheSame) {
  const auto plain = tiny_llm();
  auto joined = tiny_llm();
  joined->join();
  const auto all = LoraSpec{.r = 4, .targets = {"q", "k", "v", "o", "gate", "up", "down"}};
  const LoraAdapter adapter(plain->config(), all, Rng(1), torch::kCPU);
  for (const auto& pair : adapter.pairs()) pair->b.detach().normal_(0, 0.1);
  const StackedAdapters adapters({{&adapter}});
  for (const Adaptation* adaptation :
       {static_cast<const Adaptation*>(nullptr), static_cast<const Adaptation*>(&adapters)})
    for (const std::int64_t wanted : {9, 4}) {
      const auto x = torch::randn({2, 9, 32}).requires_grad_(true),
                 same = x.detach().clone().requires_grad_(true);
      const auto out = joined->forward(x, {.adaptation = adaptation, .wanted = wanted});
      const auto expected = plain->forward(same, {.adaptation = adaptation, .wanted = wanted});
      expect_close(out.detach(), expected.detach());
      const auto above = torch::randn(out.sizes());
      out.backward(above), expected.backward(above);
      expect_close(x.grad(), same.grad());
    }
  EXPECT_EQ(parameter_count(*joined), parameter_count(*plain));
}

TEST(Qwen2, PaddingOnTheLeftChangesNothing) {
  const torch::NoGradGuard no_grad;
  const auto llm = tiny_llm();
  const auto x = torch::randn({1, 6, 32});
  const auto padded = torch::cat({torch::full({1, 3, 32}, 100.0), x}, 1);
  KvCache cache(2, 10), alone(2, 10);
  const Qwen2Pass pass = {.cache = &cache, .padding = torch::tensor({3}, torch::kInt64)};
  expect_close(llm->forward(padded, pass).narrow(1, 3, 6), llm->forward(x, {.cache = &alone}), 1e-4);
  const auto next = torch::randn({1, 1, 32});
  expect_close(llm->forward(next, pass), llm->forward(next, {.cache = &alone}), 1e-4);
}

TEST(Qwen2, CacheRowsCanBeRepeatedAndReordered) {
  const torch::NoGradGuard no_grad;
  const auto llm = tiny_llm();
  const auto x = torch::randn({2, 5, 32}), next = torch::randn({3, 1, 32});
  KvCache cache(2, 6), wanted(2, 6);
  llm->forward(x, {.cache = &cache});
  const auto rows = torch::tensor({1, 0, 1}, torch::kInt64);
  cache.select(rows);
  llm->forward(x.index_select(0, rows), {.cache = &wanted});
  expect_close(llm->forward(next, {.cache = &cache}), llm->forward(next, {.cache = &wanted}));
}

}  // namespace
}  // namespace sweetspot::worker
