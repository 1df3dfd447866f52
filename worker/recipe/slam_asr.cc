// The paper's method, top to bottom: load a frozen encoder and a frozen language model, encode the speech,
// train a projector (and an adapter) for some epochs with validation after each, stop early, take the best
// epoch, transcribe the test split with beam search, and count the word errors.
#include <torch/version.h>

#include <algorithm>
#include <new>
#include <set>

#include "worker/recipe/cell_run.h"
#include "worker/recipe/recipe.h"

namespace sweetspot::worker {

namespace {
// What went wrong in the code that has just thrown.
Failure current_failure() {
  try {
    throw;
  } catch (const Failure& failure) {
    return failure;
  } catch (const std::exception& error) {
    const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
    const std::string what = torch_error ? torch_error->what_without_backtrace() : error.what();
    if (is_out_of_memory(error))
      return {ErrorClass::out_of_memory,
              {"out_of_memory", what, "lower train.batch or eval.batch, or use a larger device", ""}};
    return {ErrorClass::internal, {"internal", what, "see the worker's log", ""}};
  }
}

// The cells of a pack. A step that throws ends its cell and no other.
class Pack {
 public:
  Pack(std::span<const PackMember> members, std::span<Reporter* const> reporters)
      : reporters_(reporters), outcomes_(members.size()) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      cells_.push_back(std::make_unique<CellRun>(members[i], *reporters[i]));
      order_.push_back(i);
    }
    // The deepest first, so that an encoder is loaded once.
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return members[a].cell.layers > members[b].cell.layers;
    });
  }

  // Does `step` for each cell that has not ended.
  template <class Step>
  void each(Step step) {
    for (const std::size_t i : order_) {
      if (outcomes_[i]) continue;
      try {
        step(*cells_[i]);
      } catch (...) {
        end(i, current_failure());
      }
    }
  }
  // Tests the cells that are done with training.
  void evaluate_finished() {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (outcomes_[i] || !cells_[i]->done_training()) continue;
      try {
        end(i, cells_[i]->evaluate());
      } catch (...) {
        end(i, current_failure());
      }
    }
  }
  bool running() const {
    return std::any_of(outcomes_.begin(), outcomes_.end(), [](const auto& outcome) { return !outcome; });
  }
  // The depths that the cells want of this cell's encoder, in ascending order.
  std::vector<int> depths(const CellRun& cell) const {
    std::set<int> depths;
    for (std::size_t i = 0; i < cells_.size(); ++i)
      if (!outcomes_[i] && cells_[i]->shares_encoder(cell)) depths.insert(cells_[i]->cell().layers);
    return {depths.begin(), depths.end()};
  }
  std::vector<CellOutcome> outcomes() const {
    std::vector<CellOutcome> all;
    for (const auto& outcome : outcomes_) all.push_back(*outcome);
    return all;
  }

 private:
  void end(std::size_t i, CellOutcome outcome) {
    cells_[i]->release();
    outcomes_[i] = std::move(outcome);
    reporters_[i]->ended(*outcomes_[i]);
  }
  std::span<Reporter* const> reporters_;
  std::vector<std::unique_ptr<CellRun>> cells_;
  std::vector<std::size_t> order_;  // of the cells in each()
  std::vector<std::optional<CellOutcome>> outcomes_;
};
}  // namespace

std::vector<CellOutcome> run_pack(Workshop& workshop, std::span<const PackMember> members,
                                  std::span<Reporter* const> reporters) {
  Pack pack(members, reporters);
  pack.each([&](CellRun& cell) { cell.load(workshop), cell.resume(); });
  pack.each([&](CellRun& cell) { cell.encode(pack.depths(cell)); });
  pack.evaluate_finished();  // those that were resumed there
  while (pack.running()) {
    pack.each([&](CellRun& cell) { cell.begin_epoch(); });
    for (bool stepped = true; stepped;) {
      stepped = false;
      pack.each([&](CellRun& cell) { stepped |= cell.train_step(); });
    }
    pack.each([&](CellRun& cell) { cell.end_epoch(); });
    pack.evaluate_finished();
  }
  return pack.outcomes();
}

// A CPU's allocator says so in words alone.
bool is_out_of_memory(const std::exception& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) || dynamic_cast<const std::bad_alloc*>(&error) ||
         std::string_view(error.what()).find("DefaultCPUAllocator: can't allocate memory") !=
             std::string_view::npos;
}

std::string build_name() {
  return std::string("sweetspot-worker ") + SWEETSPOT_VERSION + ", libtorch " + TORCH_VERSION;
}

}  // namespace sweetspot::worker
