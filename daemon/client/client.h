// The command line against a daemon's REST API: every verb of `sweetspot` but `serve`.
#pragma once

#include <string>

#include "daemon/client/program.h"

namespace sweetspot::daemon {

// Adds the verbs and the options they share: --daemon, --token-file, --output, --quiet.
//
//   Program program = ...;
//   program.add_verb({"serve", ...});
//   add_client_commands(program, SWEETSPOT_VERSION);
//   return program.run(argc, argv);
void add_client_commands(Program& program, const std::string& version);

}  // namespace sweetspot::daemon
