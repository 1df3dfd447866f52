// The subcommands of sweetspot-worker, one file each. A setup adds its options to the program and says what
// to do when it is chosen; the exit code goes to `exit_code`.
#pragma once

#include <torch/torch.h>

#include <CLI/App.hpp>
#include <string>

#include "schemas/result.h"

namespace sweetspot::worker {

void add_run(CLI::App& program, int& exit_code);
void add_transcribe(CLI::App& program, int& exit_code);
void add_score(CLI::App& program, int& exit_code);
void add_pretrain(CLI::App& program, int& exit_code);
void add_serve(CLI::App& program, int& exit_code);

// Where and with how many threads to compute.
struct DeviceOptions {
  std::string device = "cpu";  // cpu, or cuda:N; what follows "cpu" numbers slots and means nothing here
  int threads = 0;             // 0: as many as the machine has
};
void add_device_options(CLI::App& command, DeviceOptions& options);

// Sets the number of threads. Errors: device_unknown, device_missing.
Result<torch::Device> use_device(const DeviceOptions& options);

// Writes an error and its hint to stderr. Returns the exit code for it.
int complain(const Error& error);

}  // namespace sweetspot::worker
