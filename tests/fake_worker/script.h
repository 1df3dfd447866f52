// What the fake worker does, as a test wrote it into fake.json beside the worker socket; read anew for each
// pack.
//
//   { "epochs": 2, "steps": 10, "step_ms": 1, "utterances": 30,
//     "faults": [ { "layers": 4, "language": "nl", "lora": true, "attempts": 1, "at_step": 5, "do": "crash" }
//     ] }
//
// steps: of an epoch. "hold": true: no run takes its last step before the script is written anew without it.
// A fault happens to the cells that it matches, in the first `attempts` attempts (absent: in all).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "schemas/worker_message.h"

namespace sweetspot::fake {

struct Fault {
  // crash: killed by SIGKILL; exit: exits with code 3; throw: an exception in the executor; out_of_memory,
  // diverged, bad_input: Failed of that class; lie_counts, lie_hash, lie_lines: a result that does not
  // verify; silent: returns without an outcome;
  // hang: nothing more is done, but the heartbeat goes on; flood: says the same epoch 20,000 times;
  // no_memory: std::bad_alloc; device_lost: the device fails under it.
  std::string what;
  std::optional<int> layers;
  std::optional<std::string> language;
  std::optional<bool> lora;
  std::optional<int> attempts;
  int at_step = 1;

  bool concerns(const Assignment& assignment) const;
};

struct Script {
  int epochs = 2, steps = 10, step_ms = 1, utterances = 30;
  bool hold = false;
  std::vector<Fault> faults;

  // The fault that is to happen to this attempt.
  std::optional<Fault> fault_of(const Assignment& assignment) const;
};

// The defaults when there is no such file; throws when it is not as described above.
Script read_script(const std::filesystem::path& file);

}  // namespace sweetspot::fake
