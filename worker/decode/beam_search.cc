#include "worker/decode/beam_search.h"

#include <algorithm>
#include <cmath>

namespace sweetspot::worker {

namespace {
constexpr float kOut = -1e9f;  // the score of a beam that is not to be continued

struct Candidate {
  float score;
  std::int64_t beam, token;
};

struct Hypothesis {
  TokenIds ids;
  float score;
};

bool ends(const Qwen2Config& config, std::int64_t token) {
  const auto& eos = config.eos_token_ids;
  return std::find(eos.begin(), eos.end(), token) != eos.end();
}

// The beams of one utterance: `running` are continued, `finished` wait for the verdict, best first.
struct Utterance {
  std::vector<Hypothesis> running, finished;
  std::vector<std::int64_t> parents;  // of running, in the beams before
  bool open = true;

  explicit Utterance(int beams) : running(beams, {{}, kOut}), parents(beams, 0) { running[0].score = 0; }

  // Takes the best candidates, sorted; `length` is the length with their tokens.
  void advance(const std::vector<Candidate>& candidates, const Qwen2Config& config,
               const BeamOptions& options) {
    const std::size_t K = running.size(), length = running[0].ids.size() + 1;
    const float norm = std::pow(float(length), float(options.length_penalty));
    std::vector<Hypothesis> next;
    std::vector<std::int64_t> next_parents;
    const auto extend = [&](const Candidate& c) {
      TokenIds ids = running[c.beam].ids;
      ids.push_back(c.token);
      return ids;
    };
    for (std::size_t rank = 0; rank < candidates.size(); ++rank) {
      const Candidate& c = candidates[rank];
      if (ends(config, c.token) || length == std::size_t(options.max_new_tokens)) {
        // An end that is not among the K best is lost, and no beam continues from it.
        if (rank < K) finished.push_back({extend(c), c.score / norm});
      } else if (next.size() < K) {
        next.push_back({extend(c), c.score});
        next_parents.push_back(c.beam);
      }
    }
    std::stable_sort(finished.begin(), finished.end(), [](auto& a, auto& b) { return a.score > b.score; });
    if (finished.size() > K) finished.resize(K);
    running = std::move(next), parents = std::move(next_parents);
    // Closed for good once the best running beam, as long as it is now, could not enter the finished ones.
    const bool full = finished.size() == K;
    open = running.size() == K && !(full && running[0].score / norm <= finished.back().score);
  }
};

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
}  // namespace

std::vector<TokenIds> beam_search(const Qwen2& llm, const Prompts& prompts, const BeamOptions& options) {
  if (options.beam == 1) return greedy_search(llm, prompts, options);
  const torch::NoGradGuard no_grad;
  const Qwen2Config& config = llm->config();
  const std::int64_t U = prompts.embeddings.size(0), K = options.beam, V = config.vocab_size;
  const std::int64_t C = std::max<std::int64_t>(2, 1 + std::int64_t(config.eos_token_ids.size())) * K;
  std::vector<Utterance> utterances(U, Utterance(int(K)));
  std::vector<std::int64_t> open(U), rows;  // utterances that are still decoded; their rows of the batch
  for (std::int64_t u = 0; u < U; ++u) open[u] = u;

  // The prompt is read once, then shared out to K beams.
  Generation generation(llm, prompts, options.max_new_tokens);
  for (std::int64_t u = 0; u < U; ++u) rows.insert(rows.end(), K, u);
  generation.select(rows);
  while (true) {
    std::vector<float> running;
    for (const std::int64_t u : open)
      for (const Hypothesis& hypothesis : utterances[u].running) running.push_back(hypothesis.score);
    auto scores = generation.penalise(torch::log_softmax(generation.logits(), -1), options.repetition_penalty,
                                      options.quirk);
    scores = scores + torch::tensor(running).to(scores.device()).unsqueeze(1);  // [open * K, V]
    const auto candidates = best(scores.view({-1, K * V}), C, V);

    std::vector<std::int64_t> still_open;
    TokenIds tokens;
    rows.clear();
    for (std::size_t i = 0; i < open.size(); ++i) {
      Utterance& utterance = utterances[open[i]];
      utterance.advance(candidates[i], config, options);
      if (!utterance.open) continue;
      still_open.push_back(open[i]);
      for (std::int64_t k = 0; k < K; ++k) {
        rows.push_back(std::int64_t(i) * K + utterance.parents[k]);
        tokens.push_back(utterance.running[k].ids.back());
      }
    }
    open = std::move(still_open);
    if (open.empty()) break;
    generation.select(rows);
    generation.step(tokens);
  }
  std::vector<TokenIds> answers;
  for (const Utterance& utterance : utterances) answers.push_back(utterance.finished.front().ids);
  return answers;
}

std::vector<TokenIds> greedy_search(const Qwen2& llm, const Prompts& prompts, const BeamOptions& options) {
  const torch::NoGradGuard no_grad;
  std::vector<TokenIds> answers(prompts.embeddings.size(0));
  std::vector<std::int64_t> open(answers.size());
  for (std::size_t u = 0; u < open.size(); ++u) open[u] = std::int64_t(u);

  Generation generation(llm, prompts, options.max_new_tokens);
  for (int length = 1; length <= options.max_new_tokens; ++length) {
    const auto chosen =
        generation.penalise(generation.logits(), options.repetition_penalty, options.quirk).argmax(-1).cpu();
    std::vector<std::int64_t> still_open, rows;
    TokenIds tokens;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const std::int64_t token = chosen.data_ptr<std::int64_t>()[i];
      answers[open[i]].push_back(token);
      if (ends(llm->config(), token)) continue;
      still_open.push_back(open[i]), rows.push_back(std::int64_t(i)), tokens.push_back(token);
    }
    open = std::move(still_open);
    if (open.empty() || length == options.max_new_tokens) break;
    generation.select(rows);
    generation.step(tokens);
  }
  return answers;
}

}  // namespace sweetspot::worker
