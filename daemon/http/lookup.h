// What many handlers begin with: the row that the path names, or the problem to answer instead.
#pragma once

#include <algorithm>

#include "daemon/http/problem.h"
#include "daemon/http/router.h"

namespace sweetspot::daemon {

inline Result<SweepRow, Problem> find_sweep(Context& context, SweepId id) {
  auto sweep = context.reader.sweep(id);
  if (!sweep) return problem_of(sweep.error());
  if (!*sweep) return not_found("sweep " + to_string(id));
  return **std::move(sweep);
}

inline SweepId sweep_id(const Request& request) {
  return parse_id<SweepTag>(request.captures.at("sweep")).value_or(SweepId{});
}

inline RunId run_id(const Request& request) {
  return parse_id<RunTag>(request.captures.at("run")).value_or(RunId{});
}

inline Result<RunRow, Problem> find_run(Context& context, const Request& request) {
  auto run = context.reader.run(run_id(request));
  if (!run) return problem_of(run.error());
  if (!*run) return not_found("run " + request.captures.at("run"));
  return **std::move(run);
}

// The devices that this daemon serves, and those on which a worker of an earlier one still is.
inline Result<std::vector<DeviceRow>> present_devices(Context& context) {
  auto devices = context.reader.devices();
  const std::vector<std::string>& served = context.site.devices;
  if (devices)
    std::erase_if(*devices, [&](const DeviceRow& device) {
      return !device.worker && std::find(served.begin(), served.end(), device.name) == served.end();
    });
  return devices;
}

}  // namespace sweetspot::daemon
