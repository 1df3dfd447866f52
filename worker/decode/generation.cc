#include "worker/decode/generation.h"

#include <algorithm>

namespace sweetspot::worker {

Generation::Generation(const Qwen2& llm, const Prompts& prompts, std::int64_t max_new_tokens)
    : llm_(llm),
      cache_(llm->config().layers, prompts.embeddings.size(1) + max_new_tokens),
      padding_(prompts.padding),
      generated_(
          torch::empty({prompts.embeddings.size(0), 0}, prompts.embeddings.options().dtype(torch::kInt64))) {
  const auto& cells = prompts.adapters;
  if (std::any_of(cells.begin(), cells.end(), [](const LoraAdapter* adapter) { return adapter; }))
    adapters_.emplace(cells, prompts.embeddings.size(0));
  read(prompts.embeddings);
}

void Generation::read(const torch::Tensor& embeddings) {
  const auto hidden = llm_->forward(
      embeddings,
      {.adaptation = adapters_ ? &*adapters_ : nullptr, .cache = &cache_, .padding = padding_, .wanted = 1});
  logits_ = llm_->logits(hidden.select(1, 0));
}

void Generation::select(const std::vector<std::int64_t>& rows) {
  bool unchanged = std::int64_t(rows.size()) == logits_.size(0);
  for (std::size_t i = 0; unchanged && i < rows.size(); ++i) unchanged = rows[i] == std::int64_t(i);
  if (unchanged) return;
  const auto index = torch::tensor(rows, torch::kInt64).to(logits_.device());
  cache_.select(index);
  if (adapters_) adapters_->select(index);
  logits_ = logits_.index_select(0, index);
  generated_ = generated_.index_select(0, index);
  if (padding_.defined()) padding_ = padding_.index_select(0, index);
}

void Generation::step(const TokenIds& tokens) {
  const auto column = torch::tensor(tokens, torch::kInt64).to(logits_.device()).unsqueeze(1);  // [rows, 1]
  generated_ = torch::cat({generated_, column}, 1);
  read(llm_->embed(column));
}

torch::Tensor Generation::penalise(const torch::Tensor& scores, double penalty, Quirk quirk) const {
  if (penalty == 1 || generated_.size(1) == 0) return scores;
  const std::int64_t vocabulary = scores.size(1);
  torch::Tensor ids = generated_;
  if (quirk == Quirk::transformers_left_padding && padding_.defined()) {
    const auto passed_over =
        torch::arange(ids.size(1), ids.options()) < padding_.unsqueeze(1);  // [rows, steps]
    ids = ids.masked_fill(passed_over, vocabulary);
  }
  const auto generated = torch::zeros({scores.size(0), vocabulary + 1}, scores.options().dtype(torch::kBool))
                             .scatter(1, ids, true)
                             .narrow(1, 0, vocabulary);
  return torch::where(generated, torch::where(scores < 0, scores * penalty, scores / penalty), scores);
}

}  // namespace sweetspot::worker
