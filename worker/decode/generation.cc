#include "worker/decode/generation.h"

#include <algorithm>

namespace sweetspot::worker {

Generation::Generation(const Qwen2& llm, const Prompts& prompts, const BeamOptions& options)
    : llm_(llm),
      options_(options),
      cache_(llm->config().layers, prompts.embeddings.size(1) + options.max_new_tokens),
      padding_(prompts.padding) {
  const std::int64_t rows = prompts.embeddings.size(0);
  const auto& cells = prompts.adapters;
  if (std::any_of(cells.begin(), cells.end(), [](const LoraAdapter* adapter) { return adapter; }))
    adapters_.emplace(cells, rows);
  if (options.repetition_penalty != 1) {
    const auto ids = prompts.embeddings.options().dtype(torch::kInt64);
    const bool passes_over = options.quirk == Quirk::transformers_left_padding && padding_.defined();
    generated_ = torch::empty({rows, 0}, ids);
    passed_over_ = passes_over ? padding_ : torch::zeros({rows}, ids);
  }
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
  for (torch::Tensor* of_rows : {&logits_, &padding_, &generated_, &passed_over_})
    if (of_rows->defined()) *of_rows = of_rows->index_select(0, index);
}

void Generation::join(const Generation& other) {
  const auto padding = [](const Generation& rows) {
    return rows.padding_.defined()
               ? rows.padding_
               : torch::zeros({rows.logits_.size(0)}, rows.logits_.options().dtype(torch::kInt64));
  };
  // All rows end where the longest does. What no row has is dropped.
  const auto before = padding(*this);
  const std::int64_t front = before.min().item<std::int64_t>(), length = cache_.length();
  cache_.join(other.cache_, front, options_.max_new_tokens);
  padding_ = torch::cat(
      {before + (cache_.length() - length), padding(other) + (cache_.length() - other.cache_.length())});
  if (adapters_) adapters_->join(*other.adapters_);
  logits_ = torch::cat({logits_, other.logits_});
  if (!generated_.defined()) return;
  const std::int64_t steps = std::max(generated_.size(1), other.generated_.size(1));
  const auto widened = [&](const torch::Tensor& ids) {
    return torch::constant_pad_nd(ids, {0, steps - ids.size(1)}, llm_->config().vocab_size);
  };
  generated_ = torch::cat({widened(generated_), widened(other.generated_)});
  passed_over_ = torch::cat({passed_over_, other.passed_over_});
}

void Generation::step(const TokenIds& tokens) {
  const auto column = torch::tensor(tokens, torch::kInt64).to(logits_.device()).unsqueeze(1);  // [rows, 1]
  if (generated_.defined()) remember(column);
  read(llm_->embed(column));
}

void Generation::remember(const torch::Tensor& column) {
  const auto seen = column.masked_fill(passed_over_.unsqueeze(1) > 0, llm_->config().vocab_size);
  generated_ = torch::cat({generated_, seen}, 1);
  passed_over_ = passed_over_ - 1;
}

torch::Tensor Generation::penalise(const torch::Tensor& scores) const {
  if (!generated_.defined()) return scores;
  const double penalty = options_.repetition_penalty;
  const std::int64_t vocabulary = scores.size(1);
  const auto generated = torch::zeros({scores.size(0), vocabulary + 1}, scores.options().dtype(torch::kBool))
                             .scatter(1, generated_, true)
                             .narrow(1, 0, vocabulary);
  return torch::where(generated, torch::where(scores < 0, scores * penalty, scores / penalty), scores);
}

}  // namespace sweetspot::worker
