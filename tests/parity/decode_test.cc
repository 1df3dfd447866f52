// Greedy and beam search against transformers' generate(), token for token.
#include <functional>

#include "tests/parity/made_up.h"
#include "tests/parity/suite.h"
#include "worker/decode/beam_search.h"

namespace sweetspot::worker::parity {
namespace {

using nlohmann::json;

// A model of the fixtures with other tokens as ends.
Qwen2 llm_ending_with(const std::string& name, std::vector<std::int64_t> eos) {
  const auto directory = cases_directory() / "llms" / name;
  auto config = read_qwen2_config(directory).value();
  config.eos_token_ids = std::move(eos);
  Qwen2 llm(config);
  EXPECT_TRUE(load_parameters(*llm, Weights::open(directory).value(), "", {}).ok());
  return llm;
}

BeamOptions options_of(const json& search) {
  return {.beam = search.at("beam"),
          .max_new_tokens = search.at("max_new_tokens"),
          .length_penalty = search.at("length_penalty"),
          .repetition_penalty = search.at("repetition_penalty")};
}

using Search = std::function<std::vector<TokenIds>(const torch::Tensor& prompts)>;

// Two hypotheses can have the same score but for its last bits. The order of a sum then decides which of them
// goes on, and both answers are right: it is so where rounding errors of the prompts bring the other answer.
void expect_same(Piece& piece, const Search& search, const torch::Tensor& prompts,
                 const std::vector<TokenIds>& wanted, const std::string& which) {
  constexpr double kRoundingError = 1e-6;
  const auto ours = search(prompts);
  const auto is_tie = [&](std::size_t row) {
    for (std::uint64_t seed = 1; seed <= 16; ++seed)
      if (search(prompts * (1 + kRoundingError * noise(seed, prompts.sizes()))).at(row) == wanted[row])
        return true;
    return false;
  };
  ASSERT_EQ(ours.size(), wanted.size());
  for (std::size_t row = 0; row < ours.size(); ++row)
    if (ours[row] != wanted[row] && is_tie(row)) piece.tie();
    else piece.same(ours[row], wanted[row], which);
}

TEST(Decoding, AnswersAsGenerateTokenForToken) {
  const Tolerance equal = {0, "ids are integers: another search gives another text"};
  const std::string reference = "transformers generate";
  Piece greedy("greedy search, alone", reference, equal), beam("beam search, alone", reference, equal),
      batched("search in padded batches", reference + ", alone", equal),
      quirk("batches, Quirk::transformers_left_padding", reference + ", batched", equal);
  const json fixture = read_cases("decoding.json");
  for (const json& search : fixture.at("searches")) {
    const auto llm = llm_ending_with(search.at("model"), search.at("eos"));
    const auto padding = search.at("padding").get<std::vector<std::int64_t>>();
    const auto rows = std::int64_t(padding.size());
    const auto prompts = noise(search.at("seed"), {rows, search.at("length"), llm->config().hidden});
    const auto answers = search.at("answers").get<std::vector<TokenIds>>();
    BeamOptions options = options_of(search);

    const auto alone = [&](const torch::Tensor& one) {
      return beam_search(llm, {.embeddings = one}, options);
    };
    const auto together = [&](const torch::Tensor& all) {
      return beam_search(llm, {.embeddings = all, .padding = torch::tensor(padding)}, options);
    };
    for (std::int64_t row = 0; row < rows; ++row)
      expect_same(options.beam == 1 ? greedy : beam, alone, prompts.narrow(0, row, 1).slice(1, padding[row]),
                  {answers[row]}, search.dump());
    expect_same(batched, together, prompts, answers, search.dump());
    options.quirk = Quirk::transformers_left_padding;
    expect_same(quirk, together, prompts, search.at("batched").get<std::vector<TokenIds>>(), search.dump());
  }
}

}  // namespace
}  // namespace sweetspot::worker::parity
