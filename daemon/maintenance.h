// `sweetspot backup` and `sweetspot restore`: the state directory's database, copied whole and put back.
#pragma once

#include "daemon/client/program.h"

namespace sweetspot::daemon {

void add_maintenance_commands(Program& program);

}  // namespace sweetspot::daemon
