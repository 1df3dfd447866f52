// `sweetspot doctor`: what stands between this machine and a sweep, with the next step for each.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <filesystem>
#include <iostream>

#include "daemon/cached_models.h"
#include "daemon/client/verbs.h"
#include "schemas/hub_cache.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct Check {
  std::string name;
  bool ok;
  std::string found;
  std::string next_step;  // for a cross
};

constexpr std::uintmax_t kEnoughDisk = 5ull << 30;
constexpr rlim_t kEnoughFiles = 1024;

Check check_daemon(Api& api) {
  const auto version = api.get("/api/v1/version");
  if (version)
    return {"daemon", true, fmt::format("version {} at {}", version->value("version", "?"), api.address()),
            ""};
  const Error& error = version.error().errors.front();
  return {"daemon", false, error.message, error.hint};
}

Check check_ready(Api& api) {
  const auto health = api.get("/readyz");
  if (health) return {"daemon ready", true, health->value("status", "?"), ""};
  return {"daemon ready", false, health.error().errors.front().message,
          "see the daemon's log for the check that failed"};
}

Check check_devices(Api& api) {
  const auto devices = api.get("/api/v1/devices");
  if (!devices) return {"devices", false, "not known without the daemon", "start it with `sweetspot serve`"};
  std::string names;
  for (const json& device : devices->at("items")) {
    names += (names.empty() ? "" : ", ") + device.value("name", "") +
             (device.value("drained", false) ? " (drained)" : "");
    if (device.contains("memory") && device["memory"].is_number())
      names += fmt::format(" ({:.1f} GB)", device["memory"].get<double>() / 1e9);
  }
  return {"devices", !names.empty(), names.empty() ? "none" : names,
          "start the daemon with --devices cpu:2 or --devices cuda"};
}

Check check_worker() {
  std::error_code unknown;
  const fs::path worker = fs::read_symlink("/proc/self/exe", unknown).parent_path() / "sweetspot-worker";
  const bool found = fs::is_regular_file(worker, unknown);
  return {"worker", found, found ? worker.string() : worker.string() + " is not there",
          "build it: cmake --preset release && cmake --build --preset release"};
}

Check check_disk() {
  std::error_code unknown;
  const fs::space_info space = fs::space(fs::current_path(unknown), unknown);
  const bool enough = !unknown && space.available >= kEnoughDisk;
  return {"disk", enough, fmt::format("{:.1f} GB free here", unknown ? 0.0 : double(space.available) / 1e9),
          "keep 5 GB free for checkpoints and results, or give `sweetspot serve` a --state elsewhere"};
}

Check check_open_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return {"open files", limit.rlim_cur >= kEnoughFiles, fmt::format("limit {}", limit.rlim_cur),
          "raise it: ulimit -n 4096"};
}

Check check_hub_cache(const std::vector<CachedModel>& models) {
  return {"model cache", true,
          models.empty() ? fmt::format("no Whisper and no LLM in {}; sweetspot fetch MODEL puts them there",
                                       hub_cache().string())
                         : fmt::format("{} models in {}", models.size(), hub_cache().string()),
          ""};
}

// A model is a check of its own: what it is, or everything that it lacks.
Check check_model(const CachedModel& model) {
  if (model.problems.empty()) return {"model", true, model.id + ": " + describe(model), ""};
  std::vector<std::string> found, next_steps;
  for (const Error& problem : model.problems) {
    found.push_back(problem.message);
    next_steps.push_back(problem.hint);
  }
  return {"model", false, fmt::format("{}: {}", model.id, fmt::join(found, "; ")),
          fmt::format("{}", fmt::join(next_steps, "; "))};
}

Outcome report(const Settings& settings, const std::vector<Check>& checks) {
  json document = json::array();
  bool all = true;
  for (const Check& check : checks) {
    all = all && check.ok;
    document.push_back({{"check", check.name},
                        {"ok", check.ok},
                        {"found", check.found},
                        {"next_step", check.ok ? "" : check.next_step}});
  }
  if (settings.format() == Format::table) {
    for (const Check& check : checks) {
      std::cout << fmt::format("{} {:<13} {}\n", check.ok ? "✓" : "✗", check.name, check.found);
      if (!check.ok) std::cout << fmt::format("  {:<13} -> {}\n", "", check.next_step);
    }
  } else {
    print(settings, document, table_of(document, settings.format(), {"check", "ok", "found", "next_step"}));
  }
  return all ? ExitCode::ok : ExitCode::failed;
}

Outcome diagnose(const Settings& settings, Api& api) {
  const auto models = cached_models();
  std::vector<Check> checks = {check_daemon(api), check_ready(api),   check_devices(api),     check_worker(),
                               check_disk(),      check_open_files(), check_hub_cache(models)};
  for (const CachedModel& model : models) checks.push_back(check_model(model));
  return report(settings, checks);
}

}  // namespace

void add_doctor(Program& program, SharedSettings settings) {
  program.add_verb({"doctor",
                    "Check what a sweep needs: daemon, worker, devices, disk, models; exit 1 on a cross",
                    {"sweetspot doctor"},
                    with_api(settings, [=](Api& api) { return diagnose(*settings, api); })});
}

}  // namespace sweetspot::daemon
