// What every verb of the client takes from the command line or the environment, and what it makes of it.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/client/api.h"
#include "daemon/client/program.h"
#include "daemon/client/table.h"

namespace sweetspot::daemon {

inline constexpr const char* kDefaultDaemon = "http://127.0.0.1:8765";

struct Settings {
  std::string daemon = kDefaultDaemon;
  std::string token_file;  // empty: SWEETSPOT_TOKEN, or none
  std::string output = "table";
  int quiet = 0;  // how often -q was given

  Format format() const { return parse_format(output).value_or(Format::table); }
};
using SharedSettings = std::shared_ptr<Settings>;

SharedSettings add_settings(CLI::App& app);

// A verb that talks to the daemon.
std::function<Outcome()> with_api(SharedSettings settings, std::function<Outcome(Api&)> verb);

// Prints `document` where JSON is asked for, else `table`, on standard output.
void print(const Settings& settings, const nlohmann::json& document, const Table& table);

// A remark for people on standard error, unless -q was given.
void note(const Settings& settings, const std::string& text);

// "last" -> the id of the newest sweep; every other id as it is.
Result<std::string, Failure> sweep_id(Api& api, const std::string& id);

}  // namespace sweetspot::daemon
