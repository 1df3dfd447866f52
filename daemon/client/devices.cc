// `sweetspot devices`: what runs where; taking a device out of use and back.
#include "daemon/client/devices.h"

#include <fmt/format.h>

#include "daemon/client/verbs.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

struct DeviceOptions {
  std::string action = "list";
  std::vector<std::string> names;
};

Outcome devices(const Settings& settings, const DeviceOptions& options, Api& api) {
  if (options.action != "list" && options.names.empty()) {
    return fail(ExitCode::usage,
                {"device_missing", "no device was named",
                 fmt::format("for example sweetspot devices {} cuda:0", options.action), ""});
  }
  for (const std::string& name : options.names) {
    const auto device = api.post(fmt::format("/api/v1/devices/{}/actions/{}", name, options.action));
    if (!device) return device.error();
  }
  const auto all = api.get("/api/v1/devices");
  if (!all) return all.error();
  print(settings, all->at("items"),
        table_of(all->at("items"), settings.format(), {"name", "state", "drained", "worker", "runs"}));
  for (const std::string& problem : device_problems(*all)) note(settings, "problem: " + problem);
  return ExitCode::ok;
}

}  // namespace

std::vector<std::string> device_problems(const json& devices) {
  std::vector<std::string> problems;
  for (const json& device : devices.at("items")) {
    if (auto problem = device.value("problem", ""); !problem.empty()) problems.push_back(std::move(problem));
  }
  return problems;
}

void add_devices(Program& program, SharedSettings settings) {
  auto options = std::make_shared<DeviceOptions>();
  CLI::App& verb = program.add_verb(
      {"devices",
       "List devices; `drain` gives one no new runs, `resume` undoes it",
       {"sweetspot devices", "sweetspot devices drain cuda:1", "sweetspot devices resume cuda:1"},
       with_api(settings, [=](Api& api) { return devices(*settings, *options, api); })});
  verb.add_option("ACTION", options->action, "list, drain or resume")
      ->check(CLI::IsMember({"list", "drain", "resume"}))
      ->capture_default_str();
  verb.add_option("DEVICE", options->names, "Names such as cpu:0 or cuda:1");
}

}  // namespace sweetspot::daemon
