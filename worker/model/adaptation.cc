#include "worker/model/adaptation.h"

#include <algorithm>

namespace sweetspot::worker {

namespace {
using Cells = std::span<const StackedAdapters::Cell>;

const LoraPair* pair_of(const StackedAdapters::Cell& cell, int layer, Target target) {
  return cell.adapter ? cell.adapter->pair(layer, target) : nullptr;
}

// So many of the first cells that can be computed at once: none has such a map, or all have maps of one
// shape.
std::size_t alike(Cells cells, int layer, Target target) {
  const LoraPair* first = pair_of(cells[0], layer, target);
  const auto other = std::find_if(cells.begin(), cells.end(), [&](const StackedAdapters::Cell& cell) {
    const LoraPair* pair = pair_of(cell, layer, target);
    return !pair != !first || (pair && pair->a.sizes() != first->a.sizes());
  });
  return std::size_t(other - cells.begin());
}

// Each cell's rows by its own dropout.
torch::Tensor drop(Cells cells, const torch::Tensor& x, std::uint64_t place) {
  if (cells.size() == 1) return cells[0].dropout(x, cells[0].adapter->spec().dropout, place);
  const std::int64_t rows = x.size(0) / std::int64_t(cells.size());
  std::vector<torch::Tensor> parts;
  for (std::size_t i = 0; i < cells.size(); ++i)
    parts.push_back(
        cells[i].dropout(x.narrow(0, std::int64_t(i) * rows, rows), cells[i].adapter->spec().dropout, place));
  return torch::cat(parts);
}

// What cells alike add: [rows, N, in] -> [rows, N, out]
torch::Tensor added(Cells cells, int layer, Target target, const torch::Tensor& x) {
  std::vector<torch::Tensor> a, b;
  for (const StackedAdapters::Cell& cell : cells) {
    const LoraPair* pair = pair_of(cell, layer, target);
    a.push_back(pair->a);
    b.push_back(pair->b * cell.adapter->scale());
  }
  const auto dropped = drop(cells, x, LoraAdapter::place(layer, target));
  const auto stack = [](const std::vector<torch::Tensor>& maps) {
    return maps.size() == 1 ? maps[0].unsqueeze(0) : torch::stack(maps);
  };
  const auto stacked = dropped.reshape({std::int64_t(cells.size()), -1, x.size(2)});  // [cells, rows * N, in]
  const auto low = torch::bmm(stacked, stack(a).transpose(1, 2));
  return torch::bmm(low, stack(b).transpose(1, 2)).view({x.size(0), x.size(1), -1});
}
}  // namespace

torch::Tensor StackedAdapters::adapt(int layer, Target target, const torch::Tensor& x,
                                     const torch::Tensor& y) const {
  const std::int64_t rows = x.size(0) / std::int64_t(cells_.size());
  std::vector<torch::Tensor> parts;
  for (std::size_t begin = 0, n = 0; begin < cells_.size(); begin += n) {
    const Cells rest = Cells(cells_).subspan(begin);
    n = alike(rest, layer, target);
    const auto of = [&](const torch::Tensor& t) {
      return n == cells_.size() ? t : t.narrow(0, std::int64_t(begin) * rows, std::int64_t(n) * rows);
    };
    const bool adapted = pair_of(rest[0], layer, target);
    parts.push_back(adapted ? of(y) + added(rest.first(n), layer, target, of(x)) : of(y));
  }
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
