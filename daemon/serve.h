// `sweetspot serve`: the daemon as a verb.
#pragma once

#include "daemon/client/program.h"

namespace sweetspot::daemon {

void add_serve_command(Program& program, const std::string& version);

// $XDG_DATA_HOME/sweetspot, else ~/.local/share/sweetspot.
std::filesystem::path default_state();

}  // namespace sweetspot::daemon
