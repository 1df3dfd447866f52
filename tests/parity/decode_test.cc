// Greedy and beam search against transformers' generate(), token for token.
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
      const auto alone = prompts.narrow(0, row, 1).slice(1, padding[row]);
      auto& piece = options.beam == 1 ? greedy : beam;
      piece.same(beam_search(llm, {.embeddings = alone}, options).front(), answers[row], search.dump());
    }
    const Prompts together = {.embeddings = prompts, .padding = torch::tensor(padding)};
    const auto expect_rows = [&](Piece& piece, const std::vector<TokenIds>& ours, const json& theirs) {
      for (std::int64_t row = 0; row < rows; ++row)
        piece.same(ours[row], theirs[row].get<TokenIds>(), search.dump());
    };
    expect_rows(batched, beam_search(llm, together, options), answers);
    options.quirk = Quirk::transformers_left_padding;
    expect_rows(quirk, beam_search(llm, together, options), search.at("batched"));
  }
}

}  // namespace
}  // namespace sweetspot::worker::parity
