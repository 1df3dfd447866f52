#include "tests/fake_worker/fake_executor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <list>
#include <new>
#include <stdexcept>
#include <thread>

#include "tests/fake_worker/made_up_result.h"

namespace sweetspot::fake {
namespace {

class OneRun {
 public:
  OneRun(const Script& script, const Assignment& assignment, worker::PackReport& report, std::size_t mates)
      : script_(script),
        assignment_(assignment),
        report_(report),
        mates_(mates),
        fault_(script.fault_of(assignment)) {}

  void begin() {
    report_.started(assignment_.grant);
    report_.log(assignment_.grant,
                fmt::format("{} layers, {}", assignment_.cell.layers, assignment_.cell.language));
    report_.progress({.grant = assignment_.grant, .phase = "loading"});
  }

  // One step; false: the run is over.
  bool go_on() {
    if (report_.must_stop(assignment_.grant) || report_.leaving()) return false;
    if (script_.hold && step_ + 1 == steps()) return true;
    if (step_ < steps()) return train();
    report_.progress({.grant = assignment_.grant, .phase = "evaluating", .step = 1, .steps = 1});
    if (!faulty("silent")) evaluate();
    return false;
  }

 private:
  std::int64_t steps() const { return std::int64_t(script_.epochs) * script_.steps; }
  bool faulty(std::string_view what) const { return fault_ && fault_->what == what; }

  bool train() {
    const double wer = expected_wer(assignment_.cell);
    ++step_;
    report_.step_done();
    report_.progress({.grant = assignment_.grant,
                      .phase = "training",
                      .step = step_,
                      .steps = steps(),
                      .loss = 4.0 * wer + 4.0 / double(step_),
                      .lr = 1e-3 / double(step_),
                      .gradient_norm = 1.0 / double(step_)});
    if (fault_ && step_ == fault_->at_step && !survives(*fault_)) return false;
    if (step_ % script_.steps == 0) end_epoch(int(step_ / script_.steps), wer);
    return true;
  }

  void end_epoch(int epoch, double wer) {
    report_.log(assignment_.grant, fmt::format("epoch {}", epoch));
    report_.epoch({.grant = assignment_.grant,
                   .metrics = {.epoch = epoch,
                               .step = step_,
                               .train_loss = 4.0 * wer + 4.0 / double(step_),
                               .lr = 1e-3 / double(step_),
                               .validation_wer = wer * (1 + 1.0 / epoch),
                               .seconds = script_.steps * script_.step_ms / 1000.0,
                               .best = true}});
  }

  bool survives(const Fault& fault) {
    if (fault.what == "crash") std::raise(SIGKILL);
    if (fault.what == "exit") ::_exit(3);
    while (fault.what == "hang") ::pause();  // its heart goes on beating
    if (fault.what == "no_memory") throw std::bad_alloc();
    if (fault.what == "device_lost") throw worker::DeviceLost("CUDA error: an illegal memory access");
    if (fault.what == "flood") return flood();
    if (fault.what == "throw") throw std::runtime_error("asked to throw");
    const auto error_class = parse_error_class(fault.what);
    if (!error_class) return true;
    report_.failed({assignment_.grant, *error_class, {fault.what, "asked to fail", "this is a test", ""}});
    return false;
  }

  bool flood() {
    for (int i = 0; i < 20'000; ++i)
      report_.epoch(
          {.grant = assignment_.grant, .metrics = {.epoch = 1, .step = step_, .validation_wer = 0.5}});
    return true;
  }

  void evaluate() {
    auto utterances = make_utterances(assignment_.cell, script_.utterances);
    RunResult result = declare(assignment_.cell, utterances);
    result.epochs = result.best_epoch = script_.epochs;
    result.steps = step_;
    result.timing = made_up_timing(assignment_.cell, double(step_) * script_.step_ms / 1000 / double(mates_));
    if (faulty("lie_counts")) --result.words.hits;
    if (faulty("lie_lines")) ++result.utterances;
    if (faulty("lie_hash")) utterances.front().hypothesis = "something else";
    const auto file = std::filesystem::path(assignment_.directory) / kUtterancesFile;
    std::ofstream(file, std::ios::binary) << to_lines(utterances);
    report_.done({assignment_.grant, result});
  }

  const Script& script_;
  const Assignment& assignment_;
  worker::PackReport& report_;
  const std::size_t mates_;  // in the pack, itself among them
  const std::optional<Fault> fault_;
  std::int64_t step_ = 0;
};

}  // namespace

// The pack's runs side by side, a step of each in turn.
void FakeExecutor::run(const std::vector<Assignment>& pack, worker::PackReport& report) {
  Script script = read_script(script_);
  std::list<OneRun> runs;
  for (const Assignment& assignment : pack)
    runs.emplace_back(script, assignment, report, pack.size()).begin();
  while (!runs.empty()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(script.step_ms));
    if (script.hold)
      if (const Script now = read_script(script_); !now.hold)
        script.hold = false, script.step_ms = now.step_ms;
    std::erase_if(runs, [](OneRun& run) { return !run.go_on(); });
  }
}

}  // namespace sweetspot::fake
