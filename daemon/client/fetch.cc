// `sweetspot fetch`: models from a hub into the Hugging Face cache of this machine. Needs no daemon.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "daemon/client/verbs.h"
#include "daemon/hub/fetch.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

ExitCode exit_code_of(const Error& error) {
  if (error.code == "model_unknown" || error.code == "revision_unknown") return ExitCode::not_found;
  if (error.code == "model_gated" || error.code == "hub_unauthorized") return ExitCode::not_authorised;
  return error.code == "model_name_invalid" ? ExitCode::usage : ExitCode::failed;
}

std::string megabytes(std::uint64_t bytes) { return fmt::format("{:.1f} MB", double(bytes) / 1e6); }

// One line that grows on a terminal, else a line for each tenth of a file.
class Meter {
 public:
  explicit Meter(const Settings& settings) : settings_(settings) {}

  void show(const FetchProgress& now) {
    if (settings_.quiet > 0) return;
    const bool fresh = now.file != file_;
    const auto tenth = now.size ? 10 * now.done / now.size : 0;
    if (terminal_) {
      if (fresh && !file_.empty()) std::cerr << '\n';
      if (fresh || tenth != tenth_ || now.done - shown_ > 8'000'000) draw(now);
    } else if (fresh || tenth != tenth_) {
      draw(now);
    }
    file_ = now.file, tenth_ = tenth;
  }
  void end() {
    if (terminal_ && !file_.empty()) std::cerr << '\n';
    file_.clear();
  }

 private:
  void draw(const FetchProgress& now) {
    shown_ = now.done;
    std::cerr << fmt::format("{}{:<36} {:>12} of {}{}", terminal_ ? "\r" : "", now.file, megabytes(now.done),
                             now.size ? megabytes(now.size) : "?", terminal_ ? "" : "\n")
              << std::flush;
  }

  const Settings& settings_;
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::string file_;
  std::uint64_t tenth_ = 0, shown_ = 0;
};

json view(const FetchedModel& model) {
  return {{"model", model.model},        {"commit", model.commit}, {"directory", model.directory.string()},
          {"files", model.files.size()}, {"bytes", model.bytes},   {"fetched_bytes", model.fetched}};
}

// Every model is tried; the first failure says how it ends.
Outcome fetch(const Settings& settings, const std::vector<std::string>& models) {
  auto options = hub_options_from_environment();
  if (!options) return fail(ExitCode::usage, options.error());
  HubClient hub(*std::move(options));
  json fetched = json::array();
  Failure failure;
  Meter meter(settings);
  for (const std::string& model : models) {
    const auto result = fetch_model(hub, model, [&](const FetchProgress& now) { meter.show(now); });
    meter.end();
    if (result) {
      fetched.push_back(view(*result));
    } else {
      if (failure.errors.empty()) failure.code = exit_code_of(result.error());
      failure.errors.push_back(result.error());
    }
  }
  Table table{{{"model"}, {"commit"}, {"size", Align::right}, {"fetched", Align::right}, {"directory"}}, {}};
  for (const json& model : fetched)
    table.rows.push_back({model["model"], model["commit"].get<std::string>().substr(0, 12),
                          megabytes(model["bytes"]), megabytes(model["fetched_bytes"]), model["directory"]});
  if (!fetched.empty()) print(settings, fetched, table);
  if (!failure.errors.empty()) return failure;
  return ExitCode::ok;
}

}  // namespace

void add_fetch(Program& program, SharedSettings settings) {
  auto models = std::make_shared<std::vector<std::string>>();
  CLI::App& verb = program.add_verb({"fetch",
                                     "Fetch models into the Hugging Face cache; what was begun is resumed",
                                     {"sweetspot fetch openai/whisper-small Qwen/Qwen2.5-3B",
                                      "sweetspot fetch openai/whisper-small@refs/pr/1",
                                      "HF_TOKEN=... sweetspot fetch meta-llama/Llama-3.2-1B"},
                                     [=] { return fetch(*settings, *models); }});
  verb.add_option("MODEL", *models, "Ids of the hub, with @REVISION where it is not main")->required();
}

}  // namespace sweetspot::daemon
