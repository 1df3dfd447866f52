// `sweetspot serve` is the daemon, every other verb talks to one.
#include "daemon/client/client.h"
#include "daemon/maintenance.h"
#include "daemon/serve.h"

int main(int argc, char** argv) {
  using namespace sweetspot::daemon;
  Program program("sweetspot",
                  "Encoder-depth x LoRA sweeps for speech-LLM recognition, with the sweet spot shown live.",
                  {"sweetspot serve --devices cpu:2", "sweetspot submit sweep.json --watch",
                   "sweetspot tables last wer"});
  add_serve_command(program, SWEETSPOT_VERSION);
  add_maintenance_commands(program);
  add_client_commands(program, SWEETSPOT_VERSION);
  return program.run(argc, argv);
}
