#include "daemon/client/client.h"

#include "daemon/client/verbs.h"

namespace sweetspot::daemon {

void add_client_commands(Program& program, const std::string& version) {
  program.app().set_version_flag("--version", "sweetspot " + version);
  const SharedSettings settings = add_settings(program.app());
  add_plan(program, settings);
  add_submit(program, settings);
  add_status(program, settings);
  add_watch(program, settings);
  add_runs(program, settings);
  add_logs(program, settings);
  add_actions(program, settings);
  add_tables(program, settings);
  add_import(program, settings);
  add_devices(program, settings);
  add_export(program, settings);
  add_report(program, settings);
  add_fetch(program, settings);
  add_doctor(program, settings);
  add_completion(program);
  add_version(program, settings, version);
}

}  // namespace sweetspot::daemon
