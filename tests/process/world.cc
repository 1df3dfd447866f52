#include "tests/process/world.h"

#include <fcntl.h>
#include <httplib.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

extern char** environ;

namespace sweetspot::process {
namespace fs = std::filesystem;

namespace {

// The status of the answer; 0: there was none.
int post(int port, const std::string& path, const std::string& body, const httplib::Headers& headers = {}) {
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(30);
  const auto answer = client.Post(path, headers, body, "application/json");
  if (answer && answer->status >= 400) std::cerr << answer->body << std::endl;  // says what is wrong with it
  return answer ? answer->status : 0;
}

}  // namespace

DaemonProcess::DaemonProcess(const fs::path& state, const fs::path& log, int port,
                             std::vector<std::string> options, std::vector<std::string> environment)
    : log_(log) {
  const std::string listen = "127.0.0.1:" + std::to_string(port);
  std::vector<const char*> arguments = {SWEETSPOT,  "serve",        "--state",         state.c_str(),
                                        "--listen", listen.c_str(), "--retry-seconds", "0.05"};
  for (const auto& [option, usual] : {std::pair("--devices", "cpu:2"), {"--worker", FAKE_WORKER}})
    if (std::ranges::find(options, option) == options.end())
      arguments.insert(arguments.end(), {option, usual});
  for (const std::string& option : options) arguments.push_back(option.c_str());
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  for (std::string& variable : environment) variables.push_back(variable.data());
  for (char** variable = environ; *variable; ++variable) variables.push_back(*variable);
  variables.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  // Not this test's own output: ctest waits for all who hold it, also when the test is dead.
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, log_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn(&pid_, SWEETSPOT, &files, nullptr, const_cast<char**>(arguments.data()), variables.data());
  posix_spawn_file_actions_destroy(&files);
}

DaemonProcess::~DaemonProcess() {
  signal(SIGKILL);
  exit_code();
}

bool DaemonProcess::reap(int options) {
  int status = 0;
  if (!exit_code_ && ::waitpid(pid_, &status, options) == pid_) {
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return exit_code_.has_value();
}

bool DaemonProcess::ended() { return reap(WNOHANG); }

int DaemonProcess::port() {
  constexpr std::string_view kAddress = "http://127.0.0.1:";
  std::string text;
  const bool serves = World::wait_until([&] {
    text = log();
    return text.find(kAddress) != text.npos || reap(WNOHANG);
  });
  if (!serves || exit_code_) return 0;
  return std::stoi(text.substr(text.rfind(kAddress) + kAddress.size()));
}

void DaemonProcess::signal(int number) {
  if (!reap(WNOHANG)) ::kill(pid_, number);
}

int DaemonProcess::exit_code() {
  reap(0);
  return exit_code_.value_or(-1);
}

std::string DaemonProcess::log() const {
  std::ifstream file(log_);
  return {std::istreambuf_iterator<char>(file), {}};
}

World::World() {
  for (const char* model : {"encoder", "llm"}) {
    fs::create_directories(directory_.path() / model);
    std::ofstream(directory_.path() / model / "config.json") << R"({"d_model": 64, "encoder_layers": 8})";
    std::ofstream(directory_.path() / model / "model.safetensors") << "";
  }
  fs::create_directories(directory_.path() / "corpus" / "clips");
  for (const char* split : {"train.tsv", "dev.tsv", "test.tsv"})
    std::ofstream(directory_.path() / "corpus" / split) << "";
  fs::create_directories(state);
}

// Found by the socket on their command lines: a worker may not have said its pid to anybody yet.
World::~World() {
  const std::string socket = (state / "worker.sock").string();
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    std::string command;  // by getline: it does not throw when a process goes away meanwhile
    std::getline(file, command);
    if (command.find(socket) != command.npos) ::kill(std::stoi(entry.path().filename()), SIGKILL);
  }
}

std::unique_ptr<DaemonProcess> World::start_daemon(int port, std::vector<std::string> options,
                                                   std::vector<std::string> environment) {
  const auto log = directory_.path() / ("daemon" + std::to_string(++daemons_) + ".log");
  return std::make_unique<DaemonProcess>(state, log, port, std::move(options), std::move(environment));
}

// Whole or not at all: workers that hold their runs read it again and again.
void World::write_script(const std::string& json) {
  std::ofstream(directory_.path() / "fake.json") << json;
  fs::rename(directory_.path() / "fake.json", state / "fake.json");
}

nlohmann::json World::sweep() const {
  const std::string root = directory_.path().string();
  nlohmann::json corpora;
  for (const char* language : {"da", "nl", "en"}) corpora[language] = {{"path", root + "/corpus"}};
  return {{"name", "test"},
          {"axes",
           {{"encoder", {root + "/encoder"}},
            {"layers", {{"from", "full"}, {"to", 2}, {"step", 2}}},
            {"language", {"da", "nl", "en"}},
            {"lora", {false, true}}}},
          {"corpora", corpora},
          {"llm", root + "/llm"}};
}

int World::submit(DaemonProcess& daemon, const std::string& changes) {
  auto document = sweep();
  document.merge_patch(nlohmann::json::parse(changes));
  return post(daemon.port(), "/api/v1/sweeps", document.dump());
}

int World::submit(int port, const std::string& key, const std::string& changes) {
  auto document = sweep();
  document.merge_patch(nlohmann::json::parse(changes));
  return post(port, "/api/v1/sweeps", document.dump(), {{"Idempotency-Key", key}});
}

int World::get(DaemonProcess& daemon, const std::string& path) {
  httplib::Client client("127.0.0.1", daemon.port());
  const auto answer = client.Get(path);
  return answer ? answer->status : 0;
}

int World::act(DaemonProcess& daemon, const std::string& sweep, const std::string& action) {
  return post(daemon.port(), "/api/v1/sweeps/" + sweep + "/actions/" + action, "");
}

bool World::running(int workers) {
  return wait_until([&] {
    return ask<int>("SELECT count(DISTINCT device) FROM run WHERE state = 'running' AND step > 2") == workers;
  });
}

// Patience is counted in naps: a test that is stopped or starved for a while, as long ones in the background
// are, loses none meanwhile.
bool World::wait_until(const std::function<bool()>& done, std::chrono::seconds patience) {
  constexpr std::chrono::milliseconds kNap(20);
  for (std::chrono::milliseconds waited(0); !done(); waited += kNap) {
    if (waited > patience) return false;
    std::this_thread::sleep_for(kNap);
  }
  return true;
}

}  // namespace sweetspot::process
