// sweetspot-worker: does the work of a sweep on one device. The daemon starts `serve`; the other commands are
// for people.
#include <CLI/CLI.hpp>

#include "worker/commands/commands.h"

int main(int argc, char** argv) {
  CLI::App program("Trains and evaluates the cells of a sweep (SLAM-ASR) on one device", "sweetspot-worker");
  program.require_subcommand(1);
  int exit_code = 0;
  sweetspot::worker::add_run(program, exit_code);
  sweetspot::worker::add_transcribe(program, exit_code);
  sweetspot::worker::add_score(program, exit_code);
  sweetspot::worker::add_pretrain(program, exit_code);
  sweetspot::worker::add_serve(program, exit_code);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = program.exit(error);
    return code ? 2 : 0;
  }
  return exit_code;
}
