// Devices and the worker processes on them.
#include <algorithm>

#include "daemon/device_memory.h"
#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"
#include "daemon/http/views.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

json device_view(const DeviceRow& device, const std::optional<std::int64_t>& memory, const Load& load) {
  return {{"name", device.name},
          {"memory", or_null(memory)},
          {"memory_used", or_null(load.memory_used)},
          {"utilization", or_null(load.utilization)},
          {"drained", device.drained},
          {"worker", or_null(device.worker)},
          {"state", device.worker_state.empty() ? "none" : device.worker_state},
          {"problem", device.problem},
          {"runs", to_json(device.runs)}};
}

json device_views(Context& context, const std::vector<DeviceRow>& devices) {
  std::vector<std::string> names;
  std::vector<DeviceLoad::Asked> asked;
  for (const DeviceRow& device : devices) {
    names.push_back(device.name);
    asked.push_back({device.name, device.pid});
  }
  const auto memory = device_memory(names);
  const auto load = context.site.load.of(asked);
  json views = json::array();
  for (std::size_t i = 0; i < devices.size(); ++i)
    views.push_back(device_view(devices[i], memory[i], load[i]));
  return views;
}

json worker_view(const WorkerRow& worker) {
  return {{"id", to_string(worker.id)},
          {"device", worker.device},
          {"pid", worker.pid},
          {"state", worker.state},
          {"build", worker.build},
          {"started_at", worker.started_at},
          {"ended_at", or_null(worker.ended_at)},
          {"runs", to_json(worker.runs)}};
}

Answer act_on_device(Context& context, const Request& request, Action action) {
  const std::string& name = request.captures.at("device");
  auto before = present_devices(context);
  if (!before) return problem_of(before.error());
  if (std::ranges::find(*before, name, &DeviceRow::name) == before->end()) return not_found("device " + name);
  Status status = context.site.commands.act_on_device(name, action);
  if (!status) return problem_of(status.error());
  auto devices = present_devices(context);
  if (!devices) return problem_of(devices.error());
  for (const json& device : device_views(context, *devices))
    if (device["name"] == name) return json_response(device);
  return not_found("device " + name);
}

}  // namespace

Answer list_workers(Context& context, const Request& request) {
  auto workers = context.reader.workers();
  if (!workers) return problem_of(workers.error());
  json items = json::array();
  for (const WorkerRow& worker : *workers)
    if (worker.state != "gone" || request.query_text("all") == "1") items.push_back(worker_view(worker));
  return json_response({{"items", std::move(items)}});
}

Answer list_devices(Context& context, const Request&) {
  auto devices = present_devices(context);
  if (!devices) return problem_of(devices.error());
  return json_response({{"items", device_views(context, *devices)}});
}

Answer drain_device(Context& context, const Request& request) {
  return act_on_device(context, request, Action::pause);
}
Answer resume_device(Context& context, const Request& request) {
  return act_on_device(context, request, Action::resume);
}

}  // namespace sweetspot::daemon
