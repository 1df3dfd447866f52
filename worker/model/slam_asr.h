// SLAM-ASR (Ma et al. 2024; arXiv 2603.27981): speech as tokens in front of a prompt. One sequence is
//   [audio tokens] [Transcribe speech to text.\n] [answer] [eos]
// and the loss is on answer and eos alone. The language model is frozen and shared by cells; what a cell
// owns, its projector and adapter, is handed in.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "worker/model/projector.h"
#include "worker/model/qwen2.h"
#include "worker/text/tokenizer.h"

namespace sweetspot::worker {

inline constexpr std::string_view kPrompt = "Transcribe speech to text.\n";

class SlamAsr {
 public:
  SlamAsr(Qwen2 llm, Tokenizer tokenizer);

  // Token ids of an answer, followed by eos.
  std::vector<std::int64_t> answer(std::string_view text) const;
  std::string text(std::span<const std::int64_t> ids) const;

  // What the language model reads before it answers. Audio tokens [B, A, hidden] -> [B, A + P, hidden]
  torch::Tensor prompt(const torch::Tensor& audio) const;

  // Mean cross-entropy over all answer tokens of each cell's rows, in float32: [cells]. The rows of a cell
  // stand together, equally many each; a cell's loss depends on its own rows alone.
  torch::Tensor losses(const torch::Tensor& audio, std::span<const std::vector<std::int64_t>> answers,
                       std::int64_t cells, const Qwen2Pass& pass) const;

  const Qwen2& llm() const { return llm_; }

 private:
  Qwen2 llm_;
  Tokenizer tokenizer_;
  std::vector<std::int64_t> prompt_ids_;
  torch::Tensor prompt_;  // [1, P, hidden]
};

}  // namespace sweetspot::worker
