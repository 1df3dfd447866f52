// `sweetspot version`: of this program, and of the daemon if one answers.
#include "daemon/client/verbs.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

Outcome print_version(const Settings& settings, const std::string& version, Api& api) {
  const auto daemon = api.get("/api/v1/version");
  if (!daemon && daemon.error().code != ExitCode::unreachable) return daemon.error();
  const json document = {{"client", version}, {"daemon", daemon ? daemon->at("version") : json()}};
  print(settings, document, table_of(json::array({document}), settings.format()));
  if (!daemon) note(settings, "no daemon answers at " + api.address());
  return ExitCode::ok;
}

}  // namespace

void add_version(Program& program, SharedSettings settings, const std::string& version) {
  program.add_verb({"version",
                    "Print the versions of this program and of the daemon",
                    {"sweetspot version -o json"},
                    with_api(settings, [=](Api& api) { return print_version(*settings, version, api); })});
}

}  // namespace sweetspot::daemon
