// Keys and values of the positions a language model has already seen.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace sweetspot::worker {

class KvCache {
 public:
  // Room for `capacity` positions in all, taken when the first ones arrive.
  KvCache(std::int64_t layers, std::int64_t capacity) : keys_(layers), values_(layers), capacity_(capacity) {}

  std::int64_t length() const { return length_; }

  // Adds new positions of one layer, k and v [B, kv_heads, L, d], and returns all so far,
  // [B, kv_heads, length + L, d]. The length grows by advance(), once all layers have appended.
  std::pair<torch::Tensor, torch::Tensor> append(std::int64_t layer, const torch::Tensor& k,
                                                 const torch::Tensor& v) {
    return {extended(keys_[layer], k), extended(values_[layer], v)};
  }
  void advance(std::int64_t positions) { length_ += positions; }

  // Keeps these rows of the batch, in this order; rows may repeat. int64 [rows]
  void select(const torch::Tensor& rows) {
    for (auto* tensors : {&keys_, &values_})
      for (torch::Tensor& tensor : *tensors) {
        torch::Tensor kept = room_for(rows.size(0), tensor);
        auto used = kept.narrow(2, 0, length_);
        at::index_select_out(used, tensor.narrow(2, 0, length_), 0, rows);
        spare_ = std::exchange(tensor, kept);
      }
  }

  // Adds the rows of another cache of this model below these, which lose their first `front` positions, and
  // makes room for `room` more. All rows end together; what then stands in front of shorter ones is zero.
  void join(const KvCache& other, std::int64_t front, std::int64_t room) {
    const std::int64_t length = std::max(length_ - front, other.length_);
    const auto joined = [&](const torch::Tensor& above, const torch::Tensor& below) {
      auto all =
          above.new_empty({above.size(0) + below.size(0), above.size(1), length + room, above.size(3)});
      const auto used = all.narrow(2, 0, length);
      place(used.narrow(0, 0, above.size(0)), above.narrow(2, front, length_ - front));
      place(used.narrow(0, above.size(0), below.size(0)), below.narrow(2, 0, other.length_));
      return all;
    };
    for (std::size_t layer = 0; layer < keys_.size(); ++layer) {
      keys_[layer] = joined(keys_[layer], other.keys_[layer]);
      values_[layer] = joined(values_[layer], other.values_[layer]);
    }
    spare_.reset();
    length_ = length, capacity_ = length + room;
  }

 private:
  // At the end of `all`, after zeros.
  static void place(const torch::Tensor& all, const torch::Tensor& some) {
    const std::int64_t hole = all.size(2) - some.size(2);
    all.narrow(2, 0, hole).zero_();
    all.narrow(2, hole, some.size(2)).copy_(some);
  }

  torch::Tensor extended(torch::Tensor& all, const torch::Tensor& fresh) {
    if (!all.defined()) all = fresh.new_empty({fresh.size(0), fresh.size(1), capacity_, fresh.size(3)});
    all.narrow(2, length_, fresh.size(2)).copy_(fresh);
    return all.narrow(2, 0, length_ + fresh.size(2));
  }

  // A tensor like this one for so many rows: the spare one, if it is large enough.
  torch::Tensor room_for(std::int64_t rows, const torch::Tensor& like) const {
    if (spare_.defined() && spare_.size(0) >= rows) return spare_.narrow(0, 0, rows);
    return like.new_empty({rows, like.size(1), capacity_, like.size(3)});
  }

  std::vector<torch::Tensor> keys_, values_;  // a layer each: [B, kv_heads, capacity, d]
  torch::Tensor spare_;  // what select() gave up last and fills next: a step of a search allocates nothing
  std::int64_t capacity_, length_ = 0;
};

}  // namespace sweetspot::worker
