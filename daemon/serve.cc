#include "daemon/serve.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <thread>

#include "daemon/begin_anew.h"
#include "daemon/core/byte_size.h"
#include "daemon/daemon.h"
#include "daemon/http/server.h"

namespace sweetspot::daemon {

namespace {
namespace fs = std::filesystem;

struct ServeOptions {
  std::string state, listen = "127.0.0.1:8765", devices, worker, token_file;
  std::vector<std::string> allow_hosts;
  std::string feature_cache;  // empty: a share of what is free
  double retry_seconds = 5, stall_minutes = 30;
  std::size_t pack = 16;
};

void log_line(const std::string& line) {
  std::cerr.clear();  // a line for which the disk had no room is lost, but not those that follow
  std::cerr << fmt::format("{:%H:%M:%S} {}\n", fmt::localtime(std::time(nullptr)), line) << std::flush;
}

// The worker lies beside this program, unless another is named.
fs::path default_worker() { return fs::read_symlink("/proc/self/exe").parent_path() / "sweetspot-worker"; }

Machine this_machine() {
  std::error_code ignored;
  int gpus = 0;
  for (fs::directory_iterator it("/proc/driver/nvidia/gpus", ignored), end; it != end; it.increment(ignored))
    ++gpus;
  return {.cores = int(std::max(1u, std::thread::hardware_concurrency())), .gpus = gpus};
}

// What workers may keep on disk of encoder features, where nobody says: a quarter of what is free, at most
// 100 GB.
std::int64_t share_for_features(const fs::path& state) {
  std::error_code unknown;
  const auto space = fs::space(state, unknown);
  return unknown ? 0 : std::int64_t(std::min<std::uintmax_t>(space.available / 4, 100'000'000'000));
}

// "127.0.0.1:8765", "[::1]:0", "8765".
Result<std::pair<std::string, std::uint16_t>> parse_listen(const std::string& text) {
  const auto colon = text.rfind(':');
  std::string host = colon == text.npos ? "127.0.0.1" : text.substr(0, colon);
  const std::string port = colon == text.npos ? text : text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const bool digits = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == port.npos;
  if (!digits || std::stoi(port) > 65535 || host.empty()) {
    return Error{"bad_listen", fmt::format("'{}' is not an address and a port", text),
                 "for example --listen 127.0.0.1:8765", ""};
  }
  return std::pair(host, std::uint16_t(std::stoi(port)));
}

Result<fs::path> usable_worker(const std::string& named) {
  const fs::path worker = named.empty() ? default_worker() : fs::absolute(named);
  if (access(worker.c_str(), X_OK) == 0) return worker;
  return Error{"worker_missing", fmt::format("there is no worker program at {}", worker.string()),
               "build sweetspot-worker, or name it with --worker", ""};
}

// SQLite does not say which database it means.
Error named(Error error, const fs::path& state) {
  if (error.code.starts_with("database_"))
    error.message = fmt::format("{}: {}", state.string(), error.message);
  return error;
}

class Service {
 public:
  Service(Store store, DaemonOptions daemon, HttpOptions http)
      : daemon_(loop_, std::move(store), std::move(daemon)),
        http_(loop_, std::move(http), daemon_),
        signals_(loop_, SIGINT, SIGTERM) {}

  Outcome run(const std::string& host) {
    if (const Status started = daemon_.start([this] { http_.notify_events(); }); !started)
      return fail(ExitCode::failed, started.error());
    if (const Status listening = http_.start(); !listening) {
      daemon_.stop();
      return fail(ExitCode::failed, listening.error());
    }
    const bool v6 = host.find(':') != host.npos;
    log_line(fmt::format("Sweetspot is at http://{}:{}/", v6 ? "[" + host + "]" : host, http_.port()));
    signals_.async_wait([this](const boost::system::error_code& cancelled, int) {
      if (!cancelled) shut_down();
    });
    try {
      loop_.run();
    } catch (const std::exception& error) {  // most likely std::bad_alloc
      log_line(fmt::format("the daemon begins anew: {}", error.what()));
      begin_anew();
    }
    return ExitCode::ok;
  }

 private:
  // Idle workers get a moment to read their Exit; busy ones are left to the next daemon.
  void shut_down() {
    const std::size_t busy = daemon_.drain();
    if (busy > 0) {
      log_line(
          fmt::format("stopping; {} workers go on by themselves: the next `sweetspot serve` on this state "
                      "takes them over",
                      busy));
    } else {
      log_line("stopping");
    }
    http_.stop();
    linger_.expires_after(std::chrono::milliseconds(300));
    linger_.async_wait([this](const boost::system::error_code&) {
      daemon_.stop();
      loop_.stop();
    });
  }

  asio::io_context loop_{1};
  Daemon daemon_;
  HttpServer http_;
  asio::signal_set signals_;
  asio::steady_timer linger_{loop_};
};

Outcome serve(const ServeOptions& options, const std::string& version) {
  const auto listen = parse_listen(options.listen);
  if (!listen) return fail(ExitCode::usage, listen.error());
  auto devices = parse_devices(options.devices, this_machine());
  if (!devices) return fail(ExitCode::usage, devices.error());
  const auto worker = usable_worker(options.worker);
  if (!worker) return fail(ExitCode::failed, worker.error());
  const fs::path state = fs::absolute(options.state.empty() ? default_state() : fs::path(options.state));
  const auto named_cache = parse_bytes(options.feature_cache.empty() ? "0" : options.feature_cache);
  if (!named_cache) return fail(ExitCode::usage, named_cache.error());
  auto store = Store::open(state);
  if (!store) return fail(ExitCode::failed, named(store.error(), state));

  std::vector<std::string> names;
  for (const DeviceSpec& device : *devices) names.push_back(device.name);
  const auto [host, port] = *listen;
  DaemonOptions daemon{
      .devices = std::move(*devices),
      .reactor = {.stall_timeout = std::chrono::seconds(
                      std::max<std::int64_t>(1, std::int64_t(options.stall_minutes * 60))),
                  .retry_backoff = std::chrono::milliseconds(std::int64_t(options.retry_seconds * 1000)),
                  .pack = options.pack},
      .supervisor = {
          .state_directory = state,
          .worker_binary = *worker,
          .feature_cache = options.feature_cache.empty() ? share_for_features(state) : *named_cache,
          .log = log_line},
      .begin_anew = begin_anew};
  HttpOptions http{.host = host,
                   .port = port,
                   .token_file = options.token_file,
                   .allow_hosts = options.allow_hosts,
                   .state = state,
                   .devices = std::move(names),
                   .version = version};
  Service service(std::move(*store), std::move(daemon), std::move(http));
  return service.run(host);
}

}  // namespace

fs::path default_state() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data == '/')
    return fs::path(data) / "sweetspot";
  const char* home = std::getenv("HOME");
  return fs::path(home ? home : ".") / ".local" / "share" / "sweetspot";
}

void add_serve_command(Program& program, const std::string& version) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App& verb = program.add_verb(
      {"serve",
       "Run the daemon: give runs to devices, serve the API and the dashboard",
       {"sweetspot serve --devices cpu:2", "sweetspot serve --devices cuda:0,1 --state /data/sweetspot"},
       [options, version] { return serve(*options, version); }});
  verb.add_option("--state", options->state,
                  "Directory of the database and the runs' files (default: the user's data directory)");
  verb.add_option("--listen", options->listen, "Address and port; beyond loopback a token is needed")
      ->capture_default_str();
  verb.add_option("--devices", options->devices,
                  "cpu:N, cuda, or cuda:0,1 (default: every GPU, or one CPU slot)");
  verb.add_option("--worker", options->worker,
                  "The worker program (default: sweetspot-worker beside this one)");
  verb.add_option("--token-file", options->token_file,
                  "File of mode 0600 with the token that clients must send");
  verb.add_option("--allow-host", options->allow_hosts, "A further name that clients call this machine by");
  verb.add_option("--pack", options->pack, "Runs that one worker trains together, at most; 1: one at a time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  verb.add_option(
      "--feature-cache", options->feature_cache,
      "Disk for encoder features, which workers share: 20GiB, or 0 for none (default: a quarter of "
      "what is free, at most 100 GB)");
  verb.add_option("--retry-seconds", options->retry_seconds,
                  "First wait before another attempt; doubles each time")
      ->capture_default_str();
  verb.add_option("--stall-minutes", options->stall_minutes,
                  "A worker that gets nowhere for so long is ended, and its run tried again")
      ->capture_default_str();
}

}  // namespace sweetspot::daemon
