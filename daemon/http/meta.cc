// The daemon about itself: health, versions, figures, contract.
#include <fmt/format.h>

#include "daemon/http/lookup.h"
#include "daemon/http/openapi.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"
#include "schemas/sweep.h"
#include "schemas/worker_message.h"

namespace sweetspot::daemon {

Answer get_version(Context& context, const Request&) {
  auto schema = context.reader.schema_version();
  if (!schema) return problem_of(schema.error());
  return json_response({{"version", context.site.version},
                        {"commit", context.site.commit},
                        {"schema", *schema},
                        {"protocol", kProtocolVersion}});
}

Answer get_health(Context&, const Request&) { return json_response({{"status", "ok"}}); }

Answer get_readiness(Context& context, const Request&) {
  auto schema = context.reader.schema_version();
  const std::string database = schema ? "ok" : schema.error().message;
  return json_response({{"status", schema ? "ok" : "failing"}, {"checks", {{"database", database}}}},
                       schema ? 200 : 503);
}

Answer get_metrics(Context& context, const Request&) {
  auto runs = context.reader.runs_by_state();
  auto devices = present_devices(context);
  auto events = context.reader.event_range();
  if (!runs) return problem_of(runs.error());
  if (!devices) return problem_of(devices.error());
  if (!events) return problem_of(events.error());

  std::string text = "# HELP sweetspot_runs Runs by state.\n# TYPE sweetspot_runs gauge\n";
  for (RunState state : kRunStates)
    text += fmt::format("sweetspot_runs{{state=\"{0}\"}} {1}\n", to_string(state),
                        (*runs)[std::string(to_string(state))]);
  text += "# HELP sweetspot_device_busy Whether the device has a run.\n# TYPE sweetspot_device_busy gauge\n";
  for (const DeviceRow& device : *devices)
    text +=
        fmt::format("sweetspot_device_busy{{device=\"{}\"}} {}\n", device.name, device.runs.empty() ? 0 : 1);
  text +=
      "# HELP sweetspot_events_total Events since the state directory was made.\n"
      "# TYPE sweetspot_events_total counter\n";
  text += fmt::format("sweetspot_events_total {}\n", events->second);
  text += "# HELP sweetspot_sse_clients Open event streams.\n# TYPE sweetspot_sse_clients gauge\n";
  text += fmt::format("sweetspot_sse_clients {}\n", context.site.streams());
  return Response{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = std::move(text)};
}

Answer get_openapi(Context&, const Request&) {
  return Response{.content_type = "application/json", .body = served_openapi()};
}

Answer get_sweep_schema(Context&, const Request&) { return json_response(sweep_schema()); }

Answer open_event_stream(Context&, const Request& request) {
  EventFilter filter{.sweep = parse_id<SweepTag>(request.query_text("sweep"))};
  const std::string topics = request.query_text("topics");
  for (std::size_t begin = 0; begin < topics.size();) {
    const auto end = std::min(topics.find(',', begin), topics.size());
    filter.topics.push_back(topics.substr(begin, end - begin));
    begin = end + 1;
  }
  if (const auto last = request.header("last-event-id")) filter.after = std::stoll(*last);
  else if (request.query.contains("after")) filter.after = request.query_integer("after", 0);
  // HEAD asks for the head only.
  return Response{.content_type = "text/event-stream",
                  .headers = {{"X-Accel-Buffering", "no"}},
                  .stream = request.method == "GET" ? std::optional(std::move(filter)) : std::nullopt};
}

}  // namespace sweetspot::daemon
