#include "worker/decode/beam_search.h"

#include <ATen/record_function.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/worker/model/fixtures.h"

namespace sweetspot::worker {
namespace {

// The tiny model with other tokens as ends.
Qwen2 llm_ending_with(std::vector<std::int64_t> eos) {
  auto config = *read_qwen2_config(kData / "qwen2");
  config.eos_token_ids = std::move(eos);
  Qwen2 llm(config);
  EXPECT_TRUE(load_parameters(*llm, *Weights::open(kData / "qwen2"), "", {}).ok());
  return llm;
}

TEST(BeamSearch, AnswersAsGenerateInBatchesOfLeftPaddedRows) {
  const auto searches = nlohmann::json::parse(std::ifstream(kData / "searches.json"));
  ASSERT_GE(searches.size(), 10u);
  for (const auto& search : searches) {
    const auto llm = llm_ending_with(search["eos"]);
    const std::vector<std::int64_t> padding = search["padding"];
    const BeamOptions options = {.beam = search["beam"],
                                 .max_new_tokens = search["max_new_tokens"],
                                 .length_penalty = search["length_penalty"],
                                 .repetition_penalty = search["repetition_penalty"]};
    const auto answers = beam_search(
        llm, {.embeddings = expected("qwen2.embeddings"), .padding = torch::tensor(padding)}, options);
    for (std::size_t i = 0; i < answers.size(); ++i)
      EXPECT_EQ(answers[i], search["answers"][i].get<TokenIds>()) << search.dump() << " row " << i;
  }
}

TEST(BeamSearch, AnswersAloneAsInABatch) {
  const auto llm = llm_ending_with({58, 8});
  torch::manual_seed(3);
  const auto prompts = torch::randn({7, 5, 32});
  for (const int beam : {1, 2, 4}) {
    const BeamOptions options = {.beam = beam, .max_new_tokens = 15};
    const auto together = beam_search(llm, {.embeddings = prompts}, options);
    for (int i = 0; i < 7; ++i)
      EXPECT_EQ(beam_search(llm, {.embeddings = prompts.narrow(0, i, 1)}, options).front(), together[i]);
  }
}

// Batches of prompts of other lengths, of cells with and without an adapter: shorter prompts join longer
// rows, and longer prompts shorter ones.
TEST(BeamSearch, AnswersOfBatchesThatJoinAreTheirOwn) {
  const auto llm = llm_ending_with({58, 8});
  torch::manual_seed(3);
  LoraAdapter adapter(llm->config(), {.r = 2, .alpha = 4, .targets = {"q", "v"}}, Rng(1), torch::kCPU);
  for (torch::Tensor& parameter : adapter.parameters()) parameter.normal_(0, 0.3);
  const std::vector<const LoraAdapter*> cells = {nullptr, &adapter};
  std::vector<torch::Tensor> batches;
  for (const std::int64_t length : {9, 3, 30}) batches.push_back(torch::randn({4, length, 32}));
  for (const int beam : {1, 2})
    for (const double penalty : {1.0, 1.3}) {
      const BeamOptions options = {.beam = beam, .max_new_tokens = 15, .repetition_penalty = penalty};
      std::size_t given = 0;
      const auto next = [&]() -> std::optional<Prompts> {
        if (given == batches.size()) return std::nullopt;
        return Prompts{.embeddings = batches[given++], .adapters = cells};
      };
      const auto together = beam_search(llm, next, options);
      ASSERT_EQ(together.size(), 12u);
      for (int i = 0; i < 12; ++i) {
        const Prompts alone = {.embeddings = batches[i / 4].narrow(0, i % 4, 1),
                               .adapters = {cells[i % 4 / 2]}};
        EXPECT_EQ(beam_search(llm, alone, options).front(), together[i])
            << "beam " << beam << ", utterance " << i;
      }
    }
}

// How often a search reads the tokens it has chosen.
template <class Search>
int passes(Search search) {
  static int count;
  count = 0;
  const auto handle =
      at::addThreadLocalCallback(at::RecordFunctionCallback([](const at::RecordFunction& function)
                                                                -> std::unique_ptr<at::ObserverContext> {
                                   count += function.name() == std::string_view("aten::embedding");
                                   return nullptr;
                                 }).scopes({at::RecordScope::FUNCTION}));
  search();
  at::removeCallback(handle);
  return count;
}

// The last rows of a batch do not go through the model by themselves.
TEST(BeamSearch, ReadsTheEndOfABatchTogetherWithTheNext) {
  const auto llm = llm_ending_with({58, 8});
  torch::manual_seed(3);
  const auto prompts = torch::randn({8, 5, 32});
  const BeamOptions options = {.beam = 1, .max_new_tokens = 15};
  std::vector<std::size_t> lengths;
  for (const TokenIds& answer : beam_search(llm, {.embeddings = prompts}, options))
    lengths.push_back(answer.size());
  std::ranges::sort(lengths);
  const int half = int(lengths[3]), whole = int(lengths[7]);
  ASSERT_LT(half, whole);

  // An answer of n tokens takes n - 1 passes: the last one is not read.
  EXPECT_EQ(passes([&] { beam_search(llm, {.embeddings = prompts}, options); }), whole - 1);
  int given = 0;
  const auto twice = [&] { return given++ < 2 ? std::optional(Prompts{prompts}) : std::nullopt; };
  EXPECT_EQ(passes([&] { beam_search(llm, twice, options); }), half + whole - 1);
}

}  // namespace
}  // namespace sweetspot::worker
