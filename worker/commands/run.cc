// sweetspot-worker run CELL.json --out DIR: one cell by hand, without the daemon.
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "schemas/attempt_files.h"
#include "schemas/json_text.h"
#include "worker/commands/commands.h"
#include "worker/commands/device.h"
#include "worker/recipe/recipe.h"

namespace sweetspot::worker {

namespace {
struct RunOptions {
  std::filesystem::path cell, out;
  DeviceOptions device;
};

// Progress on stderr: each phase, each epoch, and about once a second how far it is.
class Console : public Reporter {
 public:
  void progress(const StepProgress& now) override {
    const auto time = std::chrono::steady_clock::now();
    if (now.phase == phase_ && time - shown_ < std::chrono::seconds(1)) return;
    phase_ = now.phase, shown_ = time;
    fmt::print(stderr, "{:<10} {:>6}/{}", now.phase, now.step, now.steps);
    if (now.phase == "training") fmt::print(stderr, "  loss {:.4f}  lr {:.2e}", now.loss, now.lr);
    fmt::print(stderr, "\n");
  }
  void epoch(const EpochMetrics& m) override {
    fmt::print(stderr, "epoch {}: loss {:.4f}, validation WER {:.4f}{}, {:.1f} s\n", m.epoch, m.train_loss,
               m.validation_wer, m.best ? " (best)" : "", m.seconds);
  }
  void ended(const CellOutcome&) override {}
  bool cancelled() override { return false; }
  void note(std::string_view line) override { fmt::print(stderr, "{}\n", line); }

 private:
  std::string phase_;
  std::chrono::steady_clock::time_point shown_;
};

Result<Cell> read_cell(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return Error{"cell_missing", path.string() + ": cannot be read", "give a cell as JSON", ""};
  const auto document = parse_json(text);
  if (!document) return document.error();
  const auto cell = cell_from_json(*document);
  if (cell) return *cell;
  for (const Error& error : cell.error()) fmt::print(stderr, "{}: {}\n", error.pointer, error.message);
  return cell.error().front();
}

int run(const RunOptions& options) {
  const auto cell = read_cell(options.cell);
  if (!cell) return complain(cell.error());
  const auto device = use_device(options.device);
  if (!device) return complain(device.error());
  Workshop workshop({.device = *device});
  const PackMember member = {*cell, options.out};
  Console console;
  Reporter* const reporter = &console;
  const CellOutcome outcome = run_pack(workshop, {&member, 1}, {&reporter, 1}).front();
  if (!outcome) {
    fmt::print(stderr, "failed ({}, {})\n", to_string(outcome.error().error_class),
               outcome.error().error.code);
    return complain(outcome.error().error);
  }
  fmt::print("{}\n", dump_json(to_json(*outcome)));
  std::error_code ignored;
  std::filesystem::remove_all(options.out / kCheckpointDirectory, ignored);  // nothing is left to go on with
  return 0;
}
}  // namespace

void add_run(CLI::App& program, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command =
      program.add_subcommand("run", "train and evaluate one cell; the result is printed as JSON");
  command->add_option("CELL.json", options->cell, "the cell")->required();
  command->add_option("--out", options->out, "directory for everything the run leaves behind")->required();
  add_device_options(*command, options->device);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace sweetspot::worker
