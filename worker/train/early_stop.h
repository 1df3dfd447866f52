// When to stop: after `patience` epochs in a row that did not lower the word error rate by at least
// `min_delta`.
#pragma once

#include <limits>
#include <optional>

#include "schemas/cell.h"

namespace sweetspot::worker {

class EarlyStop {
 public:
  explicit EarlyStop(std::optional<EarlyStopSpec> spec) : spec_(std::move(spec)) {}

  // Tells an epoch's error rate; true when training should end.
  bool ends_after(double wer) {
    if (!spec_) return false;
    if (wer < memory_.reference - spec_->min_delta) memory_ = {.reference = wer, .waited = 0};
    else ++memory_.waited;
    return memory_.waited >= spec_->patience;
  }

  // What it remembers of the epochs before.
  struct Memory {
    double reference = std::numeric_limits<double>::infinity();
    int waited = 0;
  };
  const Memory& memory() const { return memory_; }
  void remember(const Memory& memory) { memory_ = memory; }

 private:
  std::optional<EarlyStopSpec> spec_;
  Memory memory_;
};

}  // namespace sweetspot::worker
