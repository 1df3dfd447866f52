// What is added to the outputs of a language model's linear maps. The cells of a pack share one frozen model
// and one pass through it: a batch holds the rows of one cell after those of another, and each row gets its
// own cell's adapter, or none.
#pragma once

#include <span>
#include <vector>

#include "worker/model/lora.h"

namespace sweetspot::worker {

class Adaptation {
 public:
  virtual ~Adaptation() = default;
  // y with what is added to it. x [rows, N, in], y [rows, N, out]
  virtual torch::Tensor adapt(int layer, Target target, const torch::Tensor& x,
                              const torch::Tensor& y) const = 0;
};

// In training: each cell has the same number of rows, and drops out by its own numbers. The products of all
// cells are batched.
class StackedAdapters : public Adaptation {
 public:
  struct Cell {
    const LoraAdapter* adapter = nullptr;  // null: none
    Dropout dropout = {};
  };
  explicit StackedAdapters(std::vector<Cell> cells) : cells_(std::move(cells)) {}

  torch::Tensor adapt(int layer, Target target, const torch::Tensor& x,
                      const torch::Tensor& y) const override;

 private:
  torch::Tensor drop(const torch::Tensor& x, std::uint64_t place) const;

  std::vector<Cell> cells_;
};

// In decoding, where each cell has rows in any number and order: the maps of all adapters side by side, of
// which a row's own ones are let through. Nothing here is differentiated.
class JoinedAdapters : public Adaptation {
 public:
  // One adapter a cell, null for none, of which one at least is not; rows of one cell stand together, equally
  // many.
  JoinedAdapters(std::span<const LoraAdapter* const> cells, std::int64_t rows);

  void select(const torch::Tensor& rows);  // int64 [rows]: keeps these in this order
  void join(const JoinedAdapters& other);  // adds its rows below these: of the same cells
  torch::Tensor adapt(int layer, Target target, const torch::Tensor& x,
                      const torch::Tensor& y) const override;

 private:
  struct Maps {
    torch::Tensor a, b;  // [all r, in], [out, all r], scaled
    torch::Tensor cell;  // int64 [all r]: whose each is
  };
  std::vector<Maps> maps_;  // [layers * targets]; undefined where nothing is adapted
  torch::Tensor cell_;      // int64 [rows, 1]: whose each row is; undefined when all are of one cell
};

}  // namespace sweetspot::worker
