#include "worker/decode/beam_search.h"

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

}  // namespace
}  // namespace sweetspot::worker
