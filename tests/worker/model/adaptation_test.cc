// Rows of several cells in one pass give what each cell's rows give by themselves.
#include "worker/model/adaptation.h"

#include "tests/worker/model/fixtures.h"

namespace sweetspot::worker {
namespace {

// Cells without an adapter, and with adapters of other ranks, targets, scales and dropouts.
class Adaptations : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(1);
    for (const auto& [r, alpha, dropout, targets] :
         {std::tuple(2, 4.0, 0.1, std::vector<std::string>{"q", "k", "v", "o"}),
          std::tuple(2, 6.0, 0.5, std::vector<std::string>{"q", "k", "v", "o"}),
          std::tuple(3, 3.0, 0.0, std::vector<std::string>{"q", "down"})}) {
      adapters.emplace_back(llm->config(),
                            LoraSpec{.r = r, .alpha = alpha, .dropout = dropout, .targets = targets}, Rng(r),
                            torch::kCPU);
      for (torch::Tensor& parameter : adapters.back().parameters()) {
        parameter.normal_(0, 0.3);  // larger ones sharpen attention until it multiplies rounding
        parameter.requires_grad_(true);
      }
    }
    cells = {{&adapters[0], dropout(1)}, {&adapters[1], dropout(2)}, {}, {&adapters[2], dropout(3)}, {}};
  }
  static Dropout dropout(int step) { return {Rng(7), Draw::adapter_dropout, std::uint64_t(step)}; }
  static torch::Tensor rows_of(const torch::Tensor& all, std::size_t cell) {
    return all.narrow(0, std::int64_t(cell) * 2, 2);
  }

  Qwen2 llm = tiny_llm();
  std::vector<LoraAdapter> adapters;
  std::vector<StackedAdapters::Cell> cells;
  torch::Tensor x = torch::randn({10, 6, 32}) * 0.1;  // two rows a cell
};

TEST_F(Adaptations, StackedOnesGiveEachCellItsOwnOutputAndGradients) {
  const StackedAdapters stacked(cells);
  const auto weights = torch::randn({10, 6, 32});
  const auto together = llm->forward(x, {.adaptation = &stacked});
  (together * weights).sum().backward();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::vector<torch::Tensor> gradients;
    if (cells[i].adapter)
      for (torch::Tensor& parameter : cells[i].adapter->parameters()) {
        gradients.push_back(parameter.grad().clone());
        parameter.mutable_grad().reset();
      }
    const StackedAdapters alone({cells[i]});
    const auto output = llm->forward(rows_of(x, i), {.adaptation = &alone});
    expect_close(rows_of(together, i).detach(), output.detach());
    if (!cells[i].adapter) continue;
    (output * rows_of(weights, i)).sum().backward();
    const auto parameters = cells[i].adapter->parameters();
    for (std::size_t p = 0; p < parameters.size(); ++p)
      expect_close(gradients[p], parameters[p].grad(), 1e-4);
  }
}

TEST_F(Adaptations, JoinedOnesGiveEachRowItsOwnCellsInAnyOrder) {
  const torch::NoGradGuard no_grad;
  std::vector<const LoraAdapter*> of_cells;
  for (const auto& cell : cells) of_cells.push_back(cell.adapter);
  JoinedAdapters joined(of_cells, x.size(0));
  const auto order = torch::tensor({7, 0, 3, 4, 3, 9, 6}, torch::kInt64);
  joined.select(order);
  const auto output = llm->forward(x.index_select(0, order), {.adaptation = &joined});
  for (std::int64_t row = 0; row < order.numel(); ++row) {
    const std::int64_t from = order[row].item<std::int64_t>();
    const StackedAdapters alone({{of_cells[std::size_t(from / 2)]}});
    expect_close(output[row], llm->forward(x.narrow(0, from, 1), {.adaptation = &alone})[0]);
  }
}

// One cell's numbers run over: no other cell's do.
TEST_F(Adaptations, WhatIsNotANumberStaysInItsCell) {
  const torch::NoGradGuard no_grad;
  auto spoilt = x.clone();
  rows_of(spoilt, 0).fill_(NAN);
  const StackedAdapters stacked(cells);
  const auto clean = llm->forward(x, {.adaptation = &stacked}),
             output = llm->forward(spoilt, {.adaptation = &stacked});
  EXPECT_TRUE(rows_of(output, 0).isnan().all().item<bool>());
  for (std::size_t i = 1; i < cells.size(); ++i)
    EXPECT_TRUE(torch::equal(rows_of(output, i), rows_of(clean, i)));
}

}  // namespace
}  // namespace sweetspot::worker
