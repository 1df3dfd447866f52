// The subcommands of sweetspot-worker, one file each. A setup adds its options to the program and says what
// to do when it is chosen; the exit code goes to `exit_code`.
#pragma once

#include <CLI/App.hpp>

#include "schemas/result.h"

namespace sweetspot::worker {

void add_run(CLI::App& program, int& exit_code);
void add_transcribe(CLI::App& program, int& exit_code);
void add_score(CLI::App& program, int& exit_code);
void add_pretrain(CLI::App& program, int& exit_code);
void add_serve(CLI::App& program, int& exit_code);

// Writes an error and its hint to stderr. Returns the exit code for it.
int complain(const Error& error);

}  // namespace sweetspot::worker
