// sweetspot-worker run CELL.json --out DIR: one cell by hand, without the daemon; or several, as one pack.
#include <fmt/format.h>

#include <chrono>
#include <deque>
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
  std::vector<std::filesystem::path> cells;
  std::filesystem::path out;
  DeviceOptions device;
};

// Progress on stderr: each phase, each epoch, and about once a second how far it is.
class Console : public Reporter {
 public:
  explicit Console(std::string name) : name_(std::move(name)) {}
  void progress(const StepProgress& now) override {
    const auto time = std::chrono::steady_clock::now();
    if (now.phase == phase_ && time - shown_ < std::chrono::seconds(1)) return;
    phase_ = now.phase, shown_ = time;
    fmt::print(stderr, "{}{:<10} {:>6}/{}", name_, now.phase, now.step, now.steps);
    if (now.phase == "training") fmt::print(stderr, "  loss {:.4f}  lr {:.2e}", now.loss, now.lr);
    fmt::print(stderr, "\n");
  }
  void epoch(const EpochMetrics& m) override {
    fmt::print(stderr, "{}epoch {}: loss {:.4f}, validation WER {:.4f}{}, {:.1f} s\n", name_, m.epoch,
               m.train_loss, m.validation_wer, m.best ? " (best)" : "", m.seconds);
  }
  void ended(const CellOutcome&) override {}
  bool cancelled() override { return false; }
  void note(std::string_view line) override { fmt::print(stderr, "{}{}\n", name_, line); }

 private:
  std::string name_;  // in front of each line
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

// Of several cells each has a directory of its own, named as its file.
Result<std::vector<PackMember>> read_pack(const RunOptions& options) {
  std::vector<PackMember> pack;
  for (const auto& file : options.cells) {
    auto cell = read_cell(file);
    if (!cell) return cell.error();
    pack.push_back({std::move(*cell), options.cells.size() == 1 ? options.out : options.out / file.stem()});
  }
  return pack;
}

int complain_of(const Failure& failure) {
  fmt::print(stderr, "failed ({}, {})\n", to_string(failure.error_class), failure.error.code);
  return complain(failure.error);
}

int run(const RunOptions& options) {
  const auto pack = read_pack(options);
  if (!pack) return complain(pack.error());
  const auto device = use_device(options.device);
  if (!device) return complain(device.error());
  Workshop workshop({.device = *device});
  std::deque<Console> consoles;
  std::vector<Reporter*> reporters;
  for (const PackMember& member : *pack)
    reporters.push_back(
        &consoles.emplace_back(pack->size() == 1 ? "" : member.directory.filename().string() + ": "));
  int code = 0;
  const auto outcomes = run_pack(workshop, *pack, reporters);
  for (std::size_t i = 0; i < pack->size(); ++i) {
    if (!outcomes[i]) {
      code = complain_of(outcomes[i].error());
      continue;
    }
    fmt::print("{}\n", dump_json(to_json(*outcomes[i])));
    std::error_code ignored;  // nothing is left to go on with
    std::filesystem::remove_all((*pack)[i].directory / kCheckpointDirectory, ignored);
  }
  return code;
}
}  // namespace

void add_run(CLI::App& program, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = program.add_subcommand(
      "run", "train and evaluate a cell, or several as one pack; results are printed as JSON, a line each");
  command->add_option("CELL.json", options->cells, "the cell")->required();
  command
      ->add_option(
          "--out", options->out,
          "directory for everything the run leaves behind; of several, below it by their files' names")
      ->required();
  add_device_options(*command, options->device);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace sweetspot::worker
