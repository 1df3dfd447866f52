// A machine in small: models and corpora that pass the plan, a state directory, and daemons started on it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/store/sqlite.h"
#include "tests/daemon/temporary_directory.h"

namespace sweetspot::process {

// One `sweetspot serve`. Killed when it goes out of scope.
class DaemonProcess {
 public:
  DaemonProcess(const std::filesystem::path& state, const std::filesystem::path& log, int port = 0,
                std::vector<std::string> options = {}, std::vector<std::string> environment = {});
  DaemonProcess(const DaemonProcess&) = delete;
  ~DaemonProcess();

  int port();  // waits until it serves; where it began anew, the newest; 0: it ended instead
  void signal(int number);
  bool ended();     // already?
  int exit_code();  // waits; 128 + signal when it was killed
  std::string log() const;
  pid_t pid() const { return pid_; }

 private:
  bool reap(int options);

  std::filesystem::path log_;
  pid_t pid_ = 0;
  std::optional<int> exit_code_;
};

class World {
 public:
  World();
  ~World();  // also ends the workers that are left

  // `environment`: further variables, "NAME=value"; workers do not get them.
  std::unique_ptr<DaemonProcess> start_daemon(int port = 0, std::vector<std::string> options = {},
                                              std::vector<std::string> environment = {});

  // What the fake workers do; see tests/fake_worker/script.h.
  void write_script(const std::string& json);

  // 4 depths, 3 languages, with and without LoRA: 24 cells, unless the sweep is changed (a JSON merge patch).
  // Returns the HTTP status; 0: there was no answer.
  int submit(DaemonProcess& daemon, const std::string& changes = "{}");
  int submit(int port, const std::string& key, const std::string& changes = "{}");  // an Idempotency-Key
  int get(DaemonProcess& daemon, const std::string& path);  // its status, as of submit
  int act(DaemonProcess& daemon, const std::string& sweep, const std::string& action);

  // Asks the database; T{} when it is not there yet.
  template <class T>
  T ask(const std::string& sql) {
    auto reader = daemon::Database::open_for_reading(state / "sweetspot.db");
    if (!reader) return T{};
    auto answer = reader->one<T>(sql);
    return answer ? answer->value_or(T{}) : T{};
  }
  std::vector<std::string> list(const std::string& sql) {
    auto reader = daemon::Database::open_for_reading(state / "sweetspot.db");
    if (!reader) return {};
    auto answer = reader->all<std::string>(sql);
    return answer ? *answer : std::vector<std::string>();
  }
  std::int64_t count(const std::string& what) { return ask<std::int64_t>("SELECT count(*) FROM " + what); }
  std::int64_t succeeded() { return count("run WHERE state = 'succeeded'"); }

  // Waits until so many workers are training.
  bool running(int workers);
  static bool wait_until(const std::function<bool()>& done,
                         std::chrono::seconds patience = std::chrono::seconds(90));

 private:
  nlohmann::json sweep() const;

  daemon::TemporaryDirectory directory_;
  int daemons_ = 0;

 public:
  const std::filesystem::path state = directory_.path() / "state";
};

}  // namespace sweetspot::process
