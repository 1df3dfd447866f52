// The cells of a pack. They take their steps together where these have one shape: one pass through the frozen
// language model for all of them. What fails together is tried alone, so that a failure is its own cell's and
// ends no other.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "worker/recipe/cell_run.h"

namespace sweetspot::worker {

using CellRuns = std::span<CellRun* const>;

// A kind of step: what each cell would do next, how cells of one shape do it together, how one does it alone,
// and what it does with what came out.
template <class Outcome>
struct Stage {
  CellRun::Work work;
  std::function<std::optional<StepShape>(const CellRun&)> next;
  std::function<std::vector<Outcome>(CellRuns)> together;
  std::function<Outcome(CellRun&)> alone;
  std::function<void(CellRun&, Outcome)> end;
};

class Pack {
 public:
  Pack(std::span<const PackMember> members, std::span<Reporter* const> reporters, torch::Device device);

  // Does `step`, which is such work, for each cell that has not ended. A step that throws ends its cell. All
  // have an equal share of the time.
  void each(CellRun::Work work, const std::function<void(CellRun&)>& step);
  // Ends each of these cells with what `result` gives.
  void finish(const std::function<bool(const CellRun&)>& which,
              const std::function<RunResult(CellRun&)>& result);
  // Takes steps until no cell has one left.
  template <class Outcome>
  void run(const Stage<Outcome>& stage);

  bool running() const;
  // The depths that the cells want of this cell's encoder, in ascending order.
  std::vector<int> depths(const CellRun& cell) const;
  std::vector<CellOutcome> outcomes() const;

 private:
  struct Member {
    std::unique_ptr<CellRun> cell;
    Reporter* reporter;
    std::optional<CellOutcome> outcome;
  };
  template <class Step>
  void guarded(Member& member, Step step);
  void end(Member& member, CellOutcome outcome);
  // The cells that have a step to take, by its shape.
  std::vector<std::vector<Member*>> groups(
      const std::function<std::optional<StepShape>(const CellRun&)>& next);
  template <class Outcome>
  void take(const Stage<Outcome>& stage, std::span<Member* const> group);
  // Charges the time since the last lap: audio and encoding to all who use the encoder, the rest to `takers`.
  void lap(CellRun::Work work, std::span<Member* const> takers);
  std::vector<Member*> going();  // have not ended

  std::vector<Member> members_;
  std::vector<std::size_t> order_;  // in which each() goes
  std::chrono::steady_clock::time_point lap_ = std::chrono::steady_clock::now();
  std::map<const SpeechEncoder*, EncoderWork> charged_;
  std::size_t tokens_;  // of a step that is taken together; fewer once that was too much for memory
};

// Gradients of a training step.
Stage<double> training();
// The answers to a batch, to validate or to test.
Stage<std::vector<std::string>> transcribing(CellRun::Work work);

}  // namespace sweetspot::worker
