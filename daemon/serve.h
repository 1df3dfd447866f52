// `sweetspot serve`: the daemon as a verb.
#pragma once

#include "daemon/client/program.h"

namespace sweetspot::daemon {

void add_serve_command(Program& program, const std::string& version);

}  // namespace sweetspot::daemon
