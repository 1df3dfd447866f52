// How far a sweep is, as one line: redrawn in place on a terminal, else printed now and then.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace sweetspot::daemon {

struct SweepProgress {
  std::string name;
  int total = 0;
  int succeeded = 0;
  int failed = 0;    // failed, quarantined or cancelled
  int running = 0;   // held by a worker
  bool paused = false;
  double share = 0;  // of the work, between 0 and 1; runs under way count in part
  std::optional<std::chrono::seconds> eta;
  bool finished() const { return succeeded + failed == total; }
  bool stalled() const { return running == 0 && !paused && !finished(); }
};

// "first-sweep [######......] 9/18 done, 1 failed, 2 running, about 3 min 20 s left", cut to `width` columns.
std::string progress_line(const SweepProgress& progress, int width);

// "45 s", "3 min 20 s", "2 h 05 min".
std::string show_duration(std::chrono::seconds duration);

// What remains when the share of the work done grew from `from` to `to` in `elapsed`; nothing while too
// little is known.
std::optional<std::chrono::seconds> estimate_remaining(double from, double to, std::chrono::seconds elapsed);

// For output that is not a terminal: says when a line is due, every 10 % of the work or every 30 s.
class ProgressPace {
 public:
  using Clock = std::chrono::steady_clock;
  bool due(const SweepProgress& progress, Clock::time_point now);

 private:
  std::optional<Clock::time_point> last_;
  int last_tenth_ = 0;
};

}  // namespace sweetspot::daemon
