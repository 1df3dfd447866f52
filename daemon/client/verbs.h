// The verbs, one file each: what `sweetspot VERB` does.
#pragma once

#include <string>

#include "daemon/client/settings.h"

namespace sweetspot::daemon {

void add_plan(Program& program, SharedSettings settings);
void add_submit(Program& program, SharedSettings settings);
void add_status(Program& program, SharedSettings settings);
void add_watch(Program& program, SharedSettings settings);
void add_runs(Program& program, SharedSettings settings);
void add_logs(Program& program, SharedSettings settings);
void add_actions(Program& program, SharedSettings settings);  // pause, resume, cancel, retry
void add_tables(Program& program, SharedSettings settings);
void add_import(Program& program, SharedSettings settings);
void add_devices(Program& program, SharedSettings settings);
void add_export(Program& program, SharedSettings settings);
void add_fetch(Program& program, SharedSettings settings);
void add_report(Program& program, SharedSettings settings);
void add_doctor(Program& program, SharedSettings settings);
void add_completion(Program& program);
void add_version(Program& program, SharedSettings settings, const std::string& version);

}  // namespace sweetspot::daemon
