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

using Search = std::function<TokenIds(const torch::Tensor& prompts)>;

// Two hypotheses can have the same score but for its last bits. The order of a sum then decides which of them
// goes on, and both answers are right: it is so where rounding errors of the prompts bring the other answer.
void expect_same(Piece& piece, const Search& search, const torch::Tensor& prompts, const TokenIds& wanted,
                 const std::string& which) {
  constexpr double kRoundingError = 1e-6;
  const TokenIds ours = search(prompts);
  for (std::uint64_t seed = 1; ours != wanted && seed <= 16; ++seed)
    if (search(prompts * (1 + kRoundingError * noise(seed, prompts.sizes()))) == wanted) return piece.tie();
  piece.same(ours, wanted, which);
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

    for (std::int64_t row = 0; row < rows; ++row) {
      const auto alone = [&](const torch::Tensor& one) {
        return beam_search(llm, {.embeddings = one}, options).front();
      };
      expect_same(options.beam == 1 ? greedy : beam, alone, prompts.narrow(0, row, 1).slice(1, padding[row]),
                  answers[row], search.dump());
    }
    const auto expect_rows = [&](Piece& piece, const json& theirs) {
      for (std::int64_t row = 0; row < rows; ++row) {
        const auto together = [&](const torch::Tensor& all) {
          return beam_search(llm, {.embeddings = all, .padding = torch::tensor(padding)}, options).at(row);
        };
        expect_same(piece, together, prompts, theirs[row].get<TokenIds>(), search.dump());
      }
    };
    expect_rows(batched, answers);
    options.quirk = Quirk::transformers_left_padding;
    expect_rows(quirk, search.at("batched"));
  }
}

}  // namespace
}  // namespace sweetspot::worker::parity
