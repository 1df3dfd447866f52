#include "worker/decode/beam_search.h"

#include <algorithm>
#include <utility>

#include "worker/decode/hypotheses.h"

namespace sweetspot::worker {

namespace {
// The best C continuations of each utterance, best first; of equal ones the lower beam, then the lower token.
// scores [U, K * V]
std::vector<std::vector<Candidate>> best(const torch::Tensor& scores, std::int64_t C, std::int64_t V) {
  const auto [values, indices] = scores.topk(std::min(C, scores.size(1)), 1);
  const auto value = values.cpu(), index = indices.cpu();
  std::vector<std::vector<Candidate>> all(scores.size(0));
  for (std::int64_t u = 0; u < scores.size(0); ++u) {
    for (std::int64_t c = 0; c < value.size(1); ++c) {
      const std::int64_t flat = index.data_ptr<std::int64_t>()[u * value.size(1) + c];
      all[u].push_back({value.data_ptr<float>()[u * value.size(1) + c], flat / V, flat % V});
    }
    std::sort(all[u].begin(), all[u].end(), [](const Candidate& a, const Candidate& b) {
      return std::tuple(-a.score, a.beam, a.token) < std::tuple(-b.score, b.beam, b.token);
    });
  }
  return all;
}

// The most probable continuation of each row. scores [U, V]
std::vector<std::vector<Candidate>> most_probable(const torch::Tensor& scores) {
  const auto tokens = scores.argmax(-1).cpu();
  std::vector<std::vector<Candidate>> all;
  for (std::int64_t u = 0; u < tokens.size(0); ++u)
    all.push_back({{0, 0, tokens.data_ptr<std::int64_t>()[u]}});
  return all;
}

// Utterances of all batches so far, and the rows of those that are not done.
class Search {
 public:
  Search(const Qwen2& llm, const BeamOptions& options) : llm_(llm), options_(options) {}

  bool done() const { return open_.empty(); }
  // Half of the newest batch's utterances are done: the others would leave the model with few rows a pass.
  bool has_room() const { return 2 * open_.size() <= newest_; }

  // The prompts are read once, then shared out to the beams.
  void join(const Prompts& prompts) {
    newest_ = std::size_t(prompts.embeddings.size(0));
    std::vector<std::int64_t> rows;
    for (std::size_t u = 0; u < newest_; ++u) {
      open_.push_back(utterances_.size());
      utterances_.emplace_back(options_.beam);
      rows.insert(rows.end(), options_.beam, std::int64_t(u));
    }
    Generation joining(llm_, prompts, options_);
    joining.select(rows);
    if (generation_) generation_->join(joining);
    else generation_.emplace(std::move(joining));
  }

  // One token further.
  void advance() {
    const auto candidates =
        options_.beam == 1 ? most_probable(generation_->penalise(generation_->logits())) : best_of_beams();
    std::vector<std::size_t> still_open;
    std::vector<std::int64_t> rows;
    TokenIds tokens;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      Hypotheses& utterance = utterances_[open_[i]];
      utterance.advance(candidates[i], llm_->config().eos_token_ids, options_);
      if (!utterance.open()) continue;
      still_open.push_back(open_[i]);
      for (std::int64_t beam = 0; beam < utterance.beams(); ++beam) {
        rows.push_back(std::int64_t(i) * options_.beam + utterance.parent(beam));
        tokens.push_back(utterance.last_token(beam));
      }
    }
    open_ = std::move(still_open);
    if (open_.empty()) return generation_.reset();
    generation_->select(rows);
    generation_->step(tokens);
  }

  std::vector<TokenIds> answers() const {
    std::vector<TokenIds> all;
    for (const Hypotheses& utterance : utterances_) all.push_back(utterance.answer());
    return all;
  }

 private:
  std::vector<std::vector<Candidate>> best_of_beams() const {
    const Qwen2Config& config = llm_->config();
    const std::int64_t K = options_.beam, V = config.vocab_size;
    std::vector<float> running;
    for (const std::size_t u : open_)
      for (std::int64_t beam = 0; beam < K; ++beam) running.push_back(utterances_[u].score(beam));
    auto scores = generation_->penalise(torch::log_softmax(generation_->logits(), -1));
    scores = scores + torch::tensor(running).to(scores.device()).unsqueeze(1);  // [open * K, V]
    const std::int64_t C = std::max<std::int64_t>(2, 1 + std::int64_t(config.eos_token_ids.size())) * K;
    return best(scores.view({-1, K * V}), C, V);
  }

  const Qwen2& llm_;
  const BeamOptions& options_;
  std::vector<Hypotheses> utterances_;
  std::vector<std::size_t> open_;
  std::size_t newest_ = 0;                // utterances of the newest batch
  std::optional<Generation> generation_;  // `beam` rows an open utterance
};
}  // namespace

std::vector<TokenIds> beam_search(const Qwen2& llm, const NextPrompts& next, const BeamOptions& options) {
  const torch::NoGradGuard no_grad;
  Search search(llm, options);
  for (bool more = true; more || !search.done();) {
    if (more && search.has_room()) {
      const auto prompts = next();
      more = prompts.has_value();
      if (prompts) search.join(*prompts);
    }
    if (!search.done()) search.advance();
  }
  return search.answers();
}

std::vector<TokenIds> beam_search(const Qwen2& llm, const Prompts& prompts, const BeamOptions& options) {
  bool given = false;
  const auto once = [&] { return std::exchange(given, true) ? std::nullopt : std::optional(prompts); };
  return beam_search(llm, once, options);
}

}  // namespace sweetspot::worker
