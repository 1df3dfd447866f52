#include "worker/model/slam_asr.h"

#include <algorithm>

namespace sweetspot::worker {

namespace {
torch::Tensor id_tensor(std::vector<std::int64_t> ids, torch::IntArrayRef shape, torch::Device device) {
  return torch::tensor(ids, torch::kInt64).view(shape).to(device);
}
}  // namespace

SlamAsr::SlamAsr(Qwen2 llm, Tokenizer tokenizer)
    : llm_(std::move(llm)), tokenizer_(std::move(tokenizer)), prompt_ids_(tokenizer_.encode(kPrompt)) {
  const torch::NoGradGuard no_grad;
  prompt_ =
      llm_->embed(id_tensor(prompt_ids_, {1, std::int64_t(prompt_ids_.size())}, llm_->embeddings().device()));
}

// Prompt and answer are tokenised as one text and cut where the prompt's tokens end, as the paper's code
// does.
std::vector<std::int64_t> SlamAsr::answer(std::string_view text) const {
  auto ids = tokenizer_.encode(std::string(kPrompt) + std::string(text));
  ids.erase(ids.begin(), ids.begin() + std::min(ids.size(), prompt_ids_.size()));
  ids.push_back(llm_->config().eos_token_ids.front());
  return ids;
}

std::string SlamAsr::text(std::span<const std::int64_t> ids) const {
  const std::string text = tokenizer_.decode(ids);
  const auto first = text.find_first_not_of(" \t\r\n"), last = text.find_last_not_of(" \t\r\n");
  return first == text.npos ? "" : text.substr(first, last - first + 1);
}

torch::Tensor SlamAsr::prompt(const torch::Tensor& audio) const {
  return torch::cat({audio.to(prompt_.scalar_type()), prompt_.expand({audio.size(0), -1, -1})}, 1);
}

torch::Tensor SlamAsr::losses(const torch::Tensor& audio, std::span<const std::vector<std::int64_t>> answers,
                              std::int64_t cells, const Qwen2Pass& pass) const {
  // The last token of an answer, eos, is predicted but not read. Shorter answers are padded on the right,
  // where no position that counts can see.
  const std::int64_t B = audio.size(0);
  std::size_t longest = 0;
  for (const auto& answer : answers) longest = std::max(longest, answer.size());
  const std::int64_t N = std::int64_t(longest) - 1;
  std::vector<std::int64_t> inputs, rows, labels, tokens(cells);  // tokens: of each cell's answers
  for (std::int64_t b = 0; b < B; ++b) {
    const auto& answer = answers[b];
    inputs.insert(inputs.end(), answer.begin(), answer.end() - 1);
    inputs.resize((b + 1) * N, llm_->config().eos_token_ids.front());
    for (std::size_t i = 0; i < answer.size(); ++i) rows.push_back(b * (N + 1) + std::int64_t(i));
    labels.insert(labels.end(), answer.begin(), answer.end());
    tokens[b * cells / B] += std::int64_t(answer.size());
  }
  const torch::Device device = audio.device();
  const auto answered = llm_->embed(id_tensor(std::move(inputs), {B, N}, device));
  Qwen2Pass last = pass;
  last.wanted = N + 1;  // from the prompt's last token on
  const auto hidden = llm_->forward(torch::cat({prompt(audio), answered}, 1), last);  // [B, N + 1, hidden]
  const auto logits = llm_->logits(
      hidden.flatten(0, 1).index_select(0, id_tensor(std::move(rows), {-1}, device)));  // [answer tokens, V]
  const auto each =
      torch::cross_entropy_loss(logits, id_tensor(std::move(labels), {-1}, device), {}, at::Reduction::None);
  std::vector<torch::Tensor> means;
  for (const auto& of_cell : each.split_with_sizes(tokens)) means.push_back(of_cell.mean());
  return torch::stack(means);
}

}  // namespace sweetspot::worker
