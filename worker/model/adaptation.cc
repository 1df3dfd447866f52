#include "worker/model/adaptation.h"

#include <algorithm>

namespace sweetspot::worker {

namespace {
// Zeros below or beside the rows or columns that are there.
torch::Tensor widened(const torch::Tensor& map, std::int64_t dim, std::int64_t size) {
  const std::int64_t more = size - map.size(dim);
  if (more == 0) return map;
  return torch::constant_pad_nd(map, dim == 0 ? c10::IntArrayRef{0, 0, 0, more} : c10::IntArrayRef{0, more});
}
}  // namespace

// Of cells without such a map, and of smaller ranks than the largest, zeros are added: that is less than what
// it takes to part the rows of a batch and to put them together again, in both directions.
torch::Tensor StackedAdapters::adapt(int layer, Target target, const torch::Tensor& x,
                                     const torch::Tensor& y) const {
  std::vector<const LoraPair*> pairs;
  std::int64_t rank = 0;
  for (const Cell& cell : cells_) {
    pairs.push_back(cell.adapter ? cell.adapter->pair(layer, target) : nullptr);
    if (pairs.back()) rank = std::max(rank, pairs.back()->a.size(0));
  }
  if (rank == 0) return y;
  std::vector<torch::Tensor> a, b;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const torch::TensorOptions like = torch::dtype(torch::kFloat32).device(x.device());
    a.push_back(pairs[i] ? widened(pairs[i]->a, 0, rank) : torch::zeros({rank, x.size(2)}, like));
    b.push_back(pairs[i] ? widened(pairs[i]->b * cells_[i].adapter->scale(), 1, rank)
                         : torch::zeros({y.size(2), rank}, like));
  }
  const auto by_cell = [&](const torch::Tensor& t) {  // [cells, rows * N, ...]
    return t.reshape({std::int64_t(cells_.size()), -1, t.size(2)});
  };
  const auto low =
      torch::bmm(by_cell(drop(x, LoraAdapter::place(layer, target))), torch::stack(a).transpose(1, 2));
  return torch::baddbmm(by_cell(y), low, torch::stack(b).transpose(1, 2)).view(y.sizes());
}

// Each cell's rows by its own dropout.
torch::Tensor StackedAdapters::drop(const torch::Tensor& x, std::uint64_t place) const {
  const auto share = [](const Cell& cell) { return cell.adapter ? cell.adapter->spec().dropout : 0; };
  if (std::ranges::none_of(cells_, [&](const Cell& cell) { return cell.dropout.drops(share(cell)); }))
    return x;
  const std::int64_t rows = x.size(0) / std::int64_t(cells_.size());
  if (x.is_cpu()) {
    const auto factors = torch::empty(x.sizes(), torch::kFloat32);
    const auto parts = factors.split(rows);
    for (std::size_t i = 0; i < parts.size(); ++i) cells_[i].dropout.draw(parts[i], share(cells_[i]), place);
    return x * factors;
  }
  auto parts = x.split(rows);
  for (std::size_t i = 0; i < parts.size(); ++i)
    parts[i] = cells_[i].dropout(parts[i], share(cells_[i]), place);
  return parts.size() == 1 ? parts[0] : torch::cat(parts);
}

JoinedAdapters::JoinedAdapters(std::span<const LoraAdapter* const> cells, std::int64_t rows) {
  std::vector<std::vector<torch::Tensor>> a, b, cell;
  torch::Device device = torch::kCPU;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i]) continue;
    const auto& pairs = cells[i]->pairs();
    a.resize(pairs.size()), b.resize(pairs.size()), cell.resize(pairs.size());
    for (std::size_t map = 0; map < pairs.size(); ++map) {
      if (!pairs[map]) continue;
      device = pairs[map]->a.device();
      a[map].push_back(pairs[map]->a.detach());
      b[map].push_back(pairs[map]->b.detach() * cells[i]->scale());
      cell[map].push_back(torch::full({pairs[map]->a.size(0)}, std::int64_t(i), torch::kInt64));
    }
  }
  for (std::size_t map = 0; map < a.size(); ++map)
    maps_.push_back(a[map].empty()
                        ? Maps{}
                        : Maps{torch::cat(a[map]), torch::cat(b[map], 1), torch::cat(cell[map]).to(device)});
  if (cells.size() > 1)
    cell_ = torch::arange(std::int64_t(cells.size()), device)
                .repeat_interleave(rows / std::int64_t(cells.size()))
                .unsqueeze(1);
}

void JoinedAdapters::select(const torch::Tensor& rows) {
  if (cell_.defined()) cell_ = cell_.index_select(0, rows);
}

void JoinedAdapters::join(const JoinedAdapters& other) {
  if (cell_.defined()) cell_ = torch::cat({cell_, other.cell_});
}

torch::Tensor JoinedAdapters::adapt(int layer, Target target, const torch::Tensor& x,
                                    const torch::Tensor& y) const {
  const Maps& maps = maps_[LoraAdapter::place(layer, target)];
  if (!maps.a.defined()) return y;
  auto low = torch::linear(x, maps.a);  // [rows, N, all r]
  if (cell_.defined()) low = low.masked_fill((cell_ != maps.cell).unsqueeze(1), 0);
  return y + torch::linear(low, maps.b);
}

}  // namespace sweetspot::worker
