// `sweetspot watch`: a progress bar with the time left, on a terminal redrawn in place.
#include "daemon/client/watch.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <set>
#include <thread>
#include <utility>

#include "daemon/client/devices.h"
#include "daemon/client/verbs.h"

namespace sweetspot::daemon {
using nlohmann::json;
using Clock = std::chrono::steady_clock;
namespace {

constexpr std::chrono::seconds kPeriod{1};
constexpr std::chrono::seconds kPatience{60};
constexpr int kFailuresShown = 5;

int terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// Writes progress where it can be seen: one line redrawn on a terminal, a new line now and then elsewhere.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(const Settings& settings)
      : silent_(settings.quiet > 0), terminal_(isatty(STDERR_FILENO) != 0) {}
  ~ProgressDisplay() { end(); }
  void show(const SweepProgress& progress) {
    if (silent_) return;
    if (terminal_) {
      std::cerr << "\r\033[K" << progress_line(progress, terminal_width() - 1) << std::flush;
      drawn_ = true;
    } else if (pace_.due(progress, Clock::now())) {
      std::cerr << progress_line(progress, 200) << std::endl;
    }
  }
  // Leaves the last line standing, so that other text comes below it.
  void end() {
    if (std::exchange(drawn_, false)) std::cerr << std::endl;
  }

 private:
  bool silent_, terminal_, drawn_ = false;
  ProgressPace pace_;
};

double share_of(const json& run, TrainedShares& trained) {
  double& share = trained[run.value("id", "")];
  const std::string phase = run.value("phase", "");
  const double steps = run.value("steps", 0.0);
  if (phase == "evaluating") share = 1;
  else if (phase == "training" && steps > 0) share = run.value("step", 0.0) / steps;
  else if (phase != "validating") share = 0;
  return share;
}

Result<SweepProgress, Failure> read_progress(Api& api, const std::string& sweep, TrainedShares& trained) {
  const auto document = api.get("/api/v1/sweeps/" + sweep);
  if (!document) return document.error();
  const auto active = api.get_all("/api/v1/runs", {{"sweep", sweep}, {"state", "running"}});
  if (!active) return active.error();
  return progress_of(*document, *active, trained);
}

// Why nothing runs, where a device knows; each problem once.
void note_problems(const Settings& settings, Api& api, ProgressDisplay& display, std::set<std::string>& told) {
  const auto devices = api.get("/api/v1/devices");
  if (!devices) return;
  for (const std::string& problem : device_problems(*devices)) {
    if (!told.insert(problem).second) continue;
    display.end();
    note(settings, "problem: " + problem);
  }
}

// The reasons of the first failures: the rest is one command away.
void note_failures(const Settings& settings, Api& api, const std::string& sweep, int failed) {
  const auto runs =
      api.get_all("/api/v1/runs", {{"sweep", sweep}, {"state", "failed"}, {"state", "quarantined"}});
  if (!runs) return;
  int shown = 0;
  for (const json& run : *runs) {
    if (++shown > kFailuresShown) break;
    note(settings, fmt::format("{} {}: {} {}\n  hint: {}", run.value("id", ""), run.value("state", ""),
                               run.value("reason_code", ""), run.value("reason", ""), run.value("hint", "")));
  }
  note(settings,
       fmt::format(
           "{} runs did not succeed. See `sweetspot runs --sweep {}`; run them again: `sweetspot retry {}`",
           failed, sweep, sweep));
}

}  // namespace

SweepProgress progress_of(const json& sweep, const json& active_runs, TrainedShares& trained) {
  const json& counts = sweep.at("counts");
  SweepProgress progress{.name = sweep.at("name").get<std::string>(), .total = counts.at("total").get<int>()};
  progress.succeeded = counts.at("succeeded").get<int>();
  for (const char* state : {"failed", "quarantined", "cancelled"})
    progress.failed += counts.at(state).get<int>();
  for (const char* state : {"leased", "running", "orphaned"}) progress.running += counts.at(state).get<int>();
  progress.paused = sweep.value("state", "") == "paused";
  double done = progress.succeeded + progress.failed;
  for (const json& run : active_runs) done += share_of(run, trained);
  progress.share = progress.total ? done / progress.total : 1;
  if (sweep.contains("eta_seconds") && sweep["eta_seconds"].is_number()) {
    progress.eta = std::chrono::seconds(sweep["eta_seconds"].get<long>());
  }
  return progress;
}

Outcome watch_sweep(const Settings& settings, Api& api, const std::string& sweep) {
  ProgressDisplay display(settings);
  const auto begin = Clock::now();
  auto last_answer = begin;
  std::optional<double> first_share;
  std::set<std::string> told;
  TrainedShares trained;
  while (true) {
    auto progress = read_progress(api, sweep, trained);
    const auto now = Clock::now();
    if (!progress && (progress.error().code != ExitCode::unreachable || now - last_answer > kPatience))
      return progress.error();
    if (progress) {
      last_answer = now;
      if (!first_share) first_share = progress->share;
      if (!progress->eta) {
        progress->eta = estimate_remaining(*first_share, progress->share,
                                           std::chrono::duration_cast<std::chrono::seconds>(now - begin));
      }
      display.show(*progress);
      if (progress->stalled()) note_problems(settings, api, display, told);
      if (progress->finished()) {
        display.end();
        if (progress->failed == 0) return ExitCode::ok;
        note_failures(settings, api, sweep, progress->failed);
        return ExitCode::some_runs_failed;
      }
    }
    std::this_thread::sleep_for(kPeriod);
  }
}

void add_watch(Program& program, SharedSettings settings) {
  auto sweep = std::make_shared<std::string>("last");
  CLI::App& verb = program.add_verb({"watch",
                                     "Follow a sweep until it is finished; exit 7 when some runs failed",
                                     {"sweetspot watch", "sweetspot watch sw_3"},
                                     with_api(settings, [=](Api& api) -> Outcome {
                                       const auto id = sweep_id(api, *sweep);
                                       if (!id) return id.error();
                                       return watch_sweep(*settings, api, *id);
                                     })});
  verb.add_option("SWEEP", *sweep, "Id of the sweep, or `last`")->capture_default_str();
}

}  // namespace sweetspot::daemon
