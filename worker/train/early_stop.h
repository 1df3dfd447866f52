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
    if (wer < reference_ - spec_->min_delta) reference_ = wer, waited_ = 0;
    else ++waited_;
    return waited_ >= spec_->patience;
  }

 private:
  std::optional<EarlyStopSpec> spec_;
  double reference_ = std::numeric_limits<double>::infinity();
  int waited_ = 0;
};

}  // namespace sweetspot::worker
