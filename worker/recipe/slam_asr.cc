// The paper's method, top to bottom: load a frozen encoder and a frozen language model, encode the speech,
// train a projector (and an adapter) for some epochs with validation after each, stop early, take the best
// epoch, transcribe the test split with beam search, and count the word errors.
#include <torch/version.h>

#include <new>

#include "worker/recipe/pack.h"
#include "worker/recipe/recipe.h"

namespace sweetspot::worker {

namespace {
// Tests the cells that are done with training, in one go.
void test_finished(Pack& pack) {
  const auto done = [](const CellRun& cell) { return cell.done_training(); };
  pack.each(&Timing::test, [&](CellRun& cell) {
    if (done(cell)) cell.begin_test();
  });
  pack.run(transcribing(&Timing::test));
  pack.finish(done, &CellRun::end_test);
}
}  // namespace

std::vector<CellOutcome> run_pack(Workshop& workshop, std::span<const PackMember> members,
                                  std::span<Reporter* const> reporters) {
  Pack pack(members, reporters, workshop.device());
  pack.each(&Timing::other, [&](CellRun& cell) { cell.load(workshop, members.size()), cell.resume(); });
  pack.each(&Timing::encode, [&](CellRun& cell) { cell.encode(pack.depths(cell)); });
  test_finished(pack);  // those that were resumed there
  while (pack.running()) {
    pack.each(&Timing::train, &CellRun::begin_epoch);
    pack.run(training());
    pack.each(&Timing::validate, &CellRun::begin_validation);
    pack.run(transcribing(&Timing::validate));
    pack.each(&Timing::validate, &CellRun::end_epoch);
    test_finished(pack);
  }
  return pack.outcomes();
}

// A CPU's allocator, and CUDA outside of torch's own, say so in words alone.
bool is_out_of_memory(const std::exception& error) {
  const std::string_view what = error.what();
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) || dynamic_cast<const std::bad_alloc*>(&error) ||
         what.find("DefaultCPUAllocator: can't allocate memory") != what.npos ||
         what.find("CUDA error: out of memory") != what.npos;
}

// CUDA fails every call of a process after an illegal access, an assertion in a kernel or a fault of the
// device.
bool is_device_lost(const std::exception& error) {
  return !is_out_of_memory(error) &&
         std::string_view(error.what()).find("CUDA error:") != std::string_view::npos;
}

std::string build_name() {
  return std::string("sweetspot-worker ") + SWEETSPOT_VERSION + ", libtorch " + TORCH_VERSION;
}

}  // namespace sweetspot::worker
