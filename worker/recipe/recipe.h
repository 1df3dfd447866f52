// What a worker does with cells: trains and evaluates a pack of them. One implementation today, slam_asr.cc.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "schemas/cell.h"
#include "schemas/metrics.h"
#include "schemas/result.h"
#include "schemas/run_state.h"
#include "worker/recipe/workshop.h"

namespace sweetspot::worker {

struct PackMember {
  Cell cell;
  std::filesystem::path directory;  // made if absent; everything the cell leaves behind goes there
  // Where earlier attempts at this cell left checkpoints, the newest first; `directory` itself is looked at
  // before.
  std::vector<std::filesystem::path> earlier = {};
};

// Where a pass through a cell has got to. Steps are of the whole training while training, of the phase in
// others.
struct StepProgress {
  std::string_view phase;  // loading, encoding, training, validating, evaluating
  std::int64_t step = 0, steps = 0;
  double loss = 0, lr = 0;              // training only
  std::optional<double> gradient_norm;  // of the step before: nobody waits for this one's
};

// Why a cell has no result: what an error means for the run, and the error itself.
struct Failure {
  ErrorClass error_class = ErrorClass::internal;
  Error error;
};
using CellOutcome = Result<RunResult, Failure>;

template <class T, class E>
T need(Result<T, E> result, ErrorClass error_class = ErrorClass::bad_input) {
  if (!result) throw Failure{error_class, result.error()};
  return std::move(*result);
}

// Hears what happens to one cell, on the thread that runs the pack and often: keep it quick.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void progress(const StepProgress& progress) = 0;
  virtual void epoch(const EpochMetrics& metrics) = 0;
  virtual void ended(const CellOutcome& outcome) = 0;  // once; its files are on disk
  virtual bool cancelled() = 0;  // asked at every step; true ends the cell with the error code "cancelled"
  // Asked at every step too; true ends the cell with the code "handed_back" once it is kept where it stands.
  virtual bool handed_back() { return false; }
  virtual void note(std::string_view) {}  // a sentence for the log
};

// Memory is used up: of a device, or the machine's.
bool is_out_of_memory(const std::exception& error);
// The device failed under the process, which no further call to it survives.
bool is_device_lost(const std::exception& error);
inline constexpr const char* kDeviceLost = "device_lost";  // the code of such a failure

// Trains and evaluates the cells of a pack side by side and leaves in each directory: utterances.jsonl,
// result.json, projector.safetensors, sweetspot.json and, with LoRA, adapter/; resumed.json if it went on
// from a checkpoint, which gives the numbers of a cell that was never stopped. A cell's numbers do not depend
// on its pack mates beyond rounding, and a cell that fails or is cancelled leaves the others running. One
// outcome a member, in order.
std::vector<CellOutcome> run_pack(Workshop& workshop, std::span<const PackMember> pack,
                                  std::span<Reporter* const> reporters);

// Version of the worker and of libtorch, as RunResult::build states it.
std::string build_name();

}  // namespace sweetspot::worker
