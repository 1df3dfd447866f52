#include "daemon/http/router.h"

#include <algorithm>

#include "daemon/http/problem.h"
#include "daemon/http/resources.h"

namespace sweetspot::daemon {
namespace {

constexpr Route kRoutes[] = {
    {"POST", "/api/v1/sweeps", "submit_sweep", submit_sweep},
    {"GET", "/api/v1/sweeps", "list_sweeps", list_sweeps},
    {"GET", "/api/v1/sweeps/{sweep}", "get_sweep", get_sweep},
    {"PATCH", "/api/v1/sweeps/{sweep}", "edit_sweep", edit_sweep},
    {"DELETE", "/api/v1/sweeps/{sweep}", "remove_sweep", remove_sweep},
    {"POST", "/api/v1/sweeps/{sweep}/actions/pause", "pause_sweep", pause_sweep},
    {"POST", "/api/v1/sweeps/{sweep}/actions/resume", "resume_sweep", resume_sweep},
    {"POST", "/api/v1/sweeps/{sweep}/actions/cancel", "cancel_sweep", cancel_sweep},
    {"POST", "/api/v1/sweeps/{sweep}/actions/retry", "retry_sweep", retry_sweep},
    {"GET", "/api/v1/sweeps/{sweep}/tables/datasets", "datasets_table", get_datasets_table},
    {"GET", "/api/v1/sweeps/{sweep}/tables/wer", "wer_table", get_wer_table},
    {"GET", "/api/v1/sweeps/{sweep}/tables/sweet-spot", "sweet_spot_table", get_sweet_spot_table},
    {"GET", "/api/v1/sweeps/{sweep}/tables/degradation", "degradation_table", get_degradation_table},
    {"GET", "/api/v1/sweeps/{sweep}/tables/reduction", "reduction_table", get_reduction_table},
    {"GET", "/api/v1/sweeps/{sweep}/tables/patterns", "patterns_table", get_patterns_table},
    {"GET", "/api/v1/sweeps/{sweep}/tables/word-errors", "word_errors_table", get_word_errors_table},
    {"GET", "/api/v1/sweeps/{sweep}/tables/comparison", "comparison_table", get_comparison_table},
    {"GET", "/api/v1/sweeps/{sweep}/grid", "sweep_grid", get_sweep_grid},
    {"GET", "/api/v1/sweeps/{sweep}/timing", "sweep_timing", get_sweep_timing},
    {"POST", "/api/v1/results", "import_results", import_results},
    {"GET", "/api/v1/runs", "list_runs", list_runs},
    {"GET", "/api/v1/runs/{run}", "get_run", get_run},
    {"PATCH", "/api/v1/runs/{run}", "edit_run", edit_run},
    {"GET", "/api/v1/runs/{run}/metrics", "run_metrics", get_run_metrics},
    {"GET", "/api/v1/runs/{run}/samples", "run_samples", list_samples},
    {"GET", "/api/v1/runs/{run}/samples/{number}/audio", "sample_audio", get_sample_audio},
    {"GET", "/api/v1/runs/{run}/differences", "run_differences", list_differences},
    {"GET", "/api/v1/runs/{run}/log", "run_log", get_run_log},
    {"GET", "/api/v1/runs/{run}/events", "run_events", list_run_events},
    {"GET", "/api/v1/runs/{run}/artifacts", "run_artifacts", list_run_artifacts},
    {"GET", "/api/v1/runs/{run}/artifacts/{artifact}", "run_artifact", get_run_artifact},
    {"POST", "/api/v1/runs/{run}/actions/cancel", "cancel_run", cancel_run},
    {"POST", "/api/v1/runs/{run}/actions/retry", "retry_run", retry_run},
    {"GET", "/api/v1/workers", "list_workers", list_workers},
    {"GET", "/api/v1/devices", "list_devices", list_devices},
    {"POST", "/api/v1/devices/{device}/actions/drain", "drain_device", drain_device},
    {"POST", "/api/v1/devices/{device}/actions/resume", "resume_device", resume_device},
    {"GET", "/api/v1/events", "event_stream", open_event_stream},
    {"GET", "/api/v1/version", "version", get_version},
    {"GET", "/healthz", "healthz", get_health},
    {"GET", "/readyz", "readyz", get_readiness},
    {"GET", "/metrics", "prometheus", get_metrics},
    {"GET", "/api/openapi.json", "openapi", get_openapi},
    {"GET", "/api/sweep.schema.json", "sweep_schema", get_sweep_schema},
};

// Takes the part of `text` up to the next '/'.
std::string_view next_segment(std::string_view& text) {
  const auto segment = text.substr(0, text.find('/'));
  text.remove_prefix(std::min(text.size(), segment.size() + 1));
  return segment;
}

// "/api/v1/runs/{run}/log" against "/api/v1/runs/run_3/log": the captures, or nullopt.
std::optional<std::map<std::string, std::string>> match(std::string_view pattern, std::string_view path) {
  if (std::count(pattern.begin(), pattern.end(), '/') != std::count(path.begin(), path.end(), '/')) return {};
  std::map<std::string, std::string> captures;
  while (!pattern.empty()) {
    const auto wanted = next_segment(pattern), given = next_segment(path);
    if (wanted.starts_with('{')) captures.emplace(wanted.substr(1, wanted.size() - 2), given);
    else if (wanted != given) return {};
  }
  return captures;
}

bool is_plain(std::string_view path) {
  return path.find_first_of("%\\") == path.npos && path.find("..") == path.npos &&
         std::none_of(path.begin(), path.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

Answer dispatch(Context& context, const Request& request) {
  if (request.path.size() > context.site.limits.path_bytes)
    return Problem{414, {"uri_too_long", "The path is too long.", "", ""}};
  if (!is_plain(request.path))
    return Problem{400, {"bad_path", "The path has characters that no path here has.", "", ""}};

  const std::string& method = request.method == "HEAD" ? "GET" : request.method;
  std::string allowed;
  for (const Route& route : routes()) {
    auto captures = match(route.pattern, request.path);
    if (!captures) continue;
    if (route.method != method) {
      allowed +=
          (allowed.empty() ? "" : ", ") + std::string(route.method) + (route.method == "GET" ? ", HEAD" : "");
      continue;
    }
    Request routed = request;
    routed.captures = std::move(*captures);
    if (auto problem = context.site.contract.refuses(std::string(route.operation), routed)) return *problem;
    return route.handler(context, routed);
  }
  if (!allowed.empty())
    return Problem{
        405,
        {"method_not_allowed", request.method + " does not exist here.", "Methods here: " + allowed, ""},
        {},
        {{"Allow", allowed}}};
  return get_dashboard(context, request);
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

Response respond(Context& context, const Request& request) {
  Answer answer = dispatch(context, request);
  return answer ? *std::move(answer) : render(answer.error(), request.path, request.id);
}

}  // namespace sweetspot::daemon
