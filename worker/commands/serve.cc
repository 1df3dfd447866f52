// sweetspot-worker serve: works for the daemon, pack after pack, and keeps between them what they share.
#include "worker/link/serve.h"

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "worker/commands/commands.h"
#include "worker/commands/device.h"
#include "worker/recipe/recipe.h"

namespace sweetspot::worker {

namespace {
// Passes on what happens to one cell under its grant.
class GrantReporter : public Reporter {
 public:
  GrantReporter(const Grant& grant, PackReport& report) : grant_(grant), report_(report) {}

  void progress(const StepProgress& now) override {
    if (now.phase == "training") report_.step_done();
    report_.progress({.grant = grant_,
                      .phase = std::string(now.phase),
                      .step = now.step,
                      .steps = now.steps,
                      .loss = now.loss,
                      .lr = now.lr,
                      .gradient_norm = now.gradient_norm});
    if (now.phase != phase_) report_.log(grant_, phase_ = now.phase);
  }
  void epoch(const EpochMetrics& metrics) override {
    report_.log(grant_, fmt::format("epoch {}: loss {:.4f}, validation WER {:.4f}, {:.1f} s", metrics.epoch,
                                    metrics.train_loss, metrics.validation_wer, metrics.seconds));
    report_.epoch({.grant = grant_, .metrics = metrics});
  }
  void ended(const CellOutcome& outcome) override {
    if (outcome) return report_.done({.grant = grant_, .result = *outcome});
    const auto& [error_class, error] = outcome.error();
    if (error.code == "cancelled" || error.code == "handed_back" || error.code == kDeviceLost) return;
    report_.failed({.grant = grant_, .error_class = error_class, .error = error});
  }
  bool cancelled() override { return report_.must_stop(grant_); }
  bool handed_back() override { return report_.leaving(); }
  void note(std::string_view line) override { report_.log(grant_, line); }

 private:
  Grant grant_;
  PackReport& report_;
  std::string phase_;
};

class RecipeExecutor : public Executor {
 public:
  explicit RecipeExecutor(WorkshopOptions options) : workshop_(options) {}

  void run(const std::vector<Assignment>& pack, PackReport& report) override {
    std::vector<PackMember> members;
    std::vector<std::unique_ptr<GrantReporter>> owned;
    std::vector<Reporter*> reporters;
    for (const Assignment& assignment : pack) {
      report.started(assignment.grant);
      workshop_.expect(assignment.cell.encoder, assignment.depths);
      members.push_back(
          {assignment.cell, assignment.directory, {assignment.earlier.begin(), assignment.earlier.end()}});
      reporters.push_back(
          owned.emplace_back(std::make_unique<GrantReporter>(assignment.grant, report)).get());
    }
    for (const CellOutcome& outcome : run_pack(workshop_, members, reporters))
      if (!outcome && outcome.error().error.code == kDeviceLost)
        throw DeviceLost(outcome.error().error.message);
  }

 private:
  Workshop workshop_;
};
}  // namespace

void add_serve(CLI::App& program, int& exit_code) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = program.add_subcommand("serve", "work for the daemon that listens on a socket");
  command->add_option("--socket", options->socket, "the daemon's socket")->required();
  command->add_option("--device", options->device, "cpu:N or cuda:N")->required();
  command->add_option("--worker", options->worker, "number of this worker")->required();
  command->add_option("--threads", options->threads, "threads to compute with")->check(CLI::Range(1, 1024));
  auto store = std::make_shared<FeatureStoreOptions>();
  command->add_option("--features", store->directory, "where workers share encoder features");
  command->add_option("--feature-bytes", store->cap, "how much may lie there");
  command->callback([options, store, &exit_code] {
    options->build = build_name();
    const auto device = use_device({.device = options->device, .threads = options->threads});
    if (!device) {
      exit_code = complain(device.error());
      return;
    }
    RecipeExecutor executor({.device = *device, .store = *store});
    exit_code = serve(*options, executor);
  });
}

}  // namespace sweetspot::worker
