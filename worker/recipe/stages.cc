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
  const StepShape shape = *cells.front()->next_transcription();
  std::size_t batch = 0;
  const auto next = [&]() -> std::optional<Prompts> {
    if (batch == shape.batches.size()) return std::nullopt;
    std::vector<torch::Tensor> embeddings;
    Prompts prompts;
    for (CellRun* cell : cells) {
      embeddings.push_back(cell->prompts(batch));
      prompts.adapters.push_back(cell->lora());
    }
    ++batch;
    prompts.embeddings = torch::cat(embeddings);
    return prompts;
  };
  const auto answers = beam_search(slam.llm(), next, *shape.search);
  auto answer = answers.begin();
  std::vector<std::vector<std::string>> texts(cells.size());
  for (const StepShape::Clips& clips : shape.batches)
    for (auto& of_cell : texts)
      for (std::size_t row = 0; row < clips.rows; ++row) of_cell.push_back(slam.text(*answer++));
  return texts;
}

// In as many parts as memory asks for.
std::vector<std::string> transcribe_alone(CellRun& cell) {
  CellRun* const only = &cell;
  while (true) {
    try {
      return transcribe_together({&only, 1}).front();
    } catch (const std::exception& error) {
      if (!is_out_of_memory(error) || !cell.halve_transcription()) throw;
    }
  }
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
          .alone = transcribe_alone,
          .end = &CellRun::end_transcription};
}

}  // namespace sweetspot::worker
