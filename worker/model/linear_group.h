// Linear maps that read one input, computed as one.
#pragma once

#include <numeric>
#include <utility>
#include <vector>

#include "worker/model/layers.h"

namespace sweetspot::worker {

// Frozen linear maps of one input. Joined, their weights lie one below another in one tensor, of which each
// map has its rows, and one product computes them all.
class LinearGroup {
 public:
  explicit LinearGroup(std::vector<Linear> maps) : maps_(std::move(maps)) {}

  // Copies the weights to where they lie together; the maps' own are given up.
  void join() {
    weight_ = together([](const Linear& map) { return map->weight; });
    if (maps_.front()->bias.defined()) bias_ = together([](const Linear& map) { return map->bias; });
  }

  // Of the maps from `first` on: [..., in] -> [..., out] each
  std::vector<torch::Tensor> forward(const torch::Tensor& x, std::size_t first = 0) const {
    std::vector<torch::Tensor> outputs;
    std::vector<std::int64_t> sizes;
    for (std::size_t i = first; i < maps_.size(); ++i) {
      if (!weight_.defined()) outputs.push_back(maps_[i]->forward(x));
      sizes.push_back(maps_[i]->weight.size(0));
    }
    if (!weight_.defined()) return outputs;
    const std::int64_t rows = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
    const auto last = [&](const torch::Tensor& all) { return all.defined() ? all.slice(0, -rows) : all; };
    return torch::linear(x, last(weight_), last(bias_)).split_with_sizes(sizes, -1);
  }

 private:
  template <class Of>
  torch::Tensor together(Of of) const {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> parts;
    for (const Linear& map : maps_) parts.push_back(of(map));
    const auto all = torch::cat(parts);
    std::int64_t end = 0;
    for (torch::Tensor& part : parts) {
      const std::int64_t begin = std::exchange(end, end + part.size(0));
      part.set_data(all.slice(0, begin, end));
    }
    return all;
  }

  std::vector<Linear> maps_;
  torch::Tensor weight_, bias_;  // of all; undefined: not joined
};

}  // namespace sweetspot::worker
