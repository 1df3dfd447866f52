// The two steps of a cell that pass through the language model, for cells that take them together.
#include <cmath>

#include "worker/recipe/pack.h"

namespace sweetspot::worker {

namespace {
// The gradients of each cell are those of its own loss: their sum has no other terms in its parameters.
std::vector<double> gradients_together(CellRuns cells) {
  torch::Tensor losses;
  {
    const Autocast autocast(cells.front()->precision());
    std::vector<torch::Tensor> audio;
    std::vector<TokenIds> answers;
    std::vector<StackedAdapters::Cell> adapters;
    for (const CellRun* cell : cells) {
      CellBatch batch = cell->batch();
      audio.push_back(std::move(batch.audio));
      answers.insert(answers.end(), batch.answers.begin(), batch.answers.end());
      adapters.push_back(cell->adapter());
    }
    const StackedAdapters stacked(std::move(adapters));
    losses = cells.front()->slam().losses(torch::cat(audio), answers, std::int64_t(cells.size()),
                                          {.adaptation = &stacked});
  }
  const auto values = losses.detach().to(torch::kCPU, torch::kFloat64);
  losses.backward(torch::isfinite(losses.detach()).to(losses.scalar_type()));
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

std::vector<std::vector<std::string>> transcribe_together(CellRuns cells) {
  const torch::NoGradGuard no_grad;
  const Autocast autocast(cells.front()->precision());
  const SlamAsr& slam = cells.front()->slam();
  std::vector<torch::Tensor> embeddings;
  Prompts prompts;
  for (const CellRun* cell : cells) {
    embeddings.push_back(cell->prompts().audio);
    prompts.adapters.push_back(cell->lora());
  }
  prompts.embeddings = torch::cat(embeddings);
  const auto answers = beam_search(slam.llm(), prompts, *cells.front()->next_transcription()->search);
  std::vector<std::vector<std::string>> texts(cells.size());
  for (std::size_t i = 0; i < answers.size(); ++i)
    texts[i * cells.size() / answers.size()].push_back(slam.text(answers[i]));
  return texts;
}
}  // namespace

Stage<double> training() {
  return {.work = &Timing::train,
          .next = &CellRun::next_step,
          .together = gradients_together,
          .alone = &CellRun::gradients,
          .end = &CellRun::end_step};
}

Stage<std::vector<std::string>> transcribing(CellRun::Work work) {
  return {.work = work,
          .next = &CellRun::next_transcription,
          .together = transcribe_together,
          .alone = [](CellRun& cell) { return cell.transcribe(); },
          .end = &CellRun::end_transcription};
}

}  // namespace sweetspot::worker
