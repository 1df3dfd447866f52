#include "daemon/client/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/client/table.h"

namespace sweetspot::daemon {
namespace {

constexpr int kBarWidth = 24;
constexpr std::chrono::seconds kQuietest{30};

std::string bar(double share) {
  const int filled = int(std::clamp(share, 0.0, 1.0) * kBarWidth);
  return "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "]";
}

}  // namespace

std::string show_duration(std::chrono::seconds duration) {
  const long seconds = std::max<long>(0, duration.count());
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::string progress_line(const SweepProgress& progress, int width) {
  std::string line = fmt::format("{} {} {}/{} done", printable(progress.name), bar(progress.share),
                                 progress.succeeded + progress.failed, progress.total);
  if (progress.failed) line += fmt::format(", {} failed", progress.failed);
  if (progress.running) line += fmt::format(", {} running", progress.running);
  if (progress.paused) line += ", paused";
  if (progress.eta && !progress.paused && !progress.finished())
    line += fmt::format(", about {} left", show_duration(*progress.eta));
  return line.substr(0, std::max(width, 20));
}

std::optional<std::chrono::seconds> estimate_remaining(double from, double to, std::chrono::seconds elapsed) {
  if (to - from < 0.01 || elapsed.count() < 5) return std::nullopt;
  return std::chrono::seconds(long(double(elapsed.count()) * std::max(0.0, 1 - to) / (to - from)));
}

bool ProgressPace::due(const SweepProgress& progress, Clock::time_point now) {
  const int tenth = progress.finished() ? 10 : std::min(9, int(progress.share * 10));
  if (last_ && tenth <= last_tenth_ && now - *last_ < kQuietest) return false;
  if (last_ && progress.finished() && last_tenth_ == 10) return false;
  last_ = now;
  last_tenth_ = std::max(tenth, last_tenth_);
  return true;
}

}  // namespace sweetspot::daemon
