#include "daemon/client/settings.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "schemas/json_text.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

Result<std::string, Failure> read_token(const std::string& file) {
  if (file.empty()) {
    const char* token = std::getenv("SWEETSPOT_TOKEN");
    return std::string(token ? token : "");
  }
  std::ifstream stream(file);
  std::string token;
  if (!std::getline(stream, token) || token.empty()) {
    return fail(ExitCode::usage,
                {"token_unreadable", fmt::format("the token file {} cannot be read or is empty", file),
                 "give --token-file the file that the daemon was started with", ""});
  }
  return token;
}

}  // namespace

SharedSettings add_settings(CLI::App& app) {
  auto settings = std::make_shared<Settings>();
  app.add_option("--daemon", settings->daemon, "Address of the daemon")
      ->envname("SWEETSPOT_DAEMON")
      ->type_name("URL")
      ->capture_default_str();
  app.add_option("--token-file", settings->token_file,
                 "File with the token of a daemon beyond this machine; or SWEETSPOT_TOKEN")
      ->envname("SWEETSPOT_TOKEN_FILE")
      ->type_name("FILE");
  app.add_option("-o,--output", settings->output, "How data is printed")
      ->check(CLI::IsMember({"table", "json", "csv", "md", "latex"}))
      ->type_name("FORMAT")
      ->capture_default_str();
  app.add_flag("-q,--quiet", settings->quiet, "No progress and no notes");
  return settings;
}

std::function<Outcome()> with_api(SharedSettings settings, std::function<Outcome(Api&)> verb) {
  return [settings = std::move(settings), verb = std::move(verb)]() -> Outcome {
    auto token = read_token(settings->token_file);
    if (!token) return token.error();
    Api api(settings->daemon, *token);
    return verb(api);
  };
}

void print(const Settings& settings, const json& document, const Table& table) {
  if (settings.format() == Format::json) {
    std::cout << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
  } else {
    std::cout << render(table, settings.format());
  }
}

void note(const Settings& settings, const std::string& text) {
  if (settings.quiet == 0) std::cerr << text << std::endl;
}

Result<std::string, Failure> sweep_id(Api& api, const std::string& id) {
  if (id != "last") return id;
  auto page = api.get("/api/v1/sweeps?limit=1");
  if (!page) return page.error();
  if ((*page)["items"].empty()) {
    return fail(ExitCode::not_found, {"no_sweep", "the daemon has no sweep yet",
                                      "submit one: `sweetspot submit examples/first-sweep/sweep.json`", ""});
  }
  return (*page)["items"][0].at("id").get<std::string>();
}

}  // namespace sweetspot::daemon
