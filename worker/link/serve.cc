#include "worker/link/serve.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <new>

namespace sweetspot::worker {
namespace fs = std::filesystem;

PackReport::PackReport(DaemonLink& link, std::span<const Assignment> pack) : link_(link) {
  for (const Assignment& assignment : pack) {
    std::error_code failed;
    fs::create_directories(assignment.directory, failed);
    logs_[assignment.grant].open(fs::path(assignment.directory) / kLogFile, std::ios::app);
    going_.insert(assignment.grant);
  }
}

void PackReport::started(const Grant& grant) { link_.send(Started{grant}); }
void PackReport::progress(const Progress& progress) { link_.progress(progress); }
void PackReport::epoch(const EpochDone& epoch) { link_.send(epoch); }
void PackReport::done(const Done& done) { end(done.grant, done); }

void PackReport::failed(const Failed& failed) {
  log(failed.grant, fmt::format("failed ({}): {}", to_string(failed.error_class), failed.error.message));
  end(failed.grant, failed);
}

void PackReport::end(const Grant& grant, WorkerMessage message) {
  if (going_.erase(grant)) link_.send(std::move(message));
}

void PackReport::log(const Grant& grant, std::string_view line) {
  std::ofstream& log = logs_[grant];
  log.clear();  // a line for which the disk had no room is written with the next
  log << fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}\n", fmt::gmtime(std::time(nullptr)), line) << std::flush;
}

void PackReport::finish(ErrorClass error_class, const Error& error) {
  const auto left = going_;
  for (const Grant& grant : left) {
    if (must_stop(grant) || leaving()) end(grant, Stopped{grant});
    else failed({.grant = grant, .error_class = error_class, .error = error});
  }
}

namespace {

std::atomic<bool> asked_to_end = false;
static_assert(std::atomic<bool>::is_always_lock_free);

// SIGUSR1 is what Slurm's --signal sends before a preemption or a time limit.
void listen_for_the_end() {
  struct sigaction action {};
  action.sa_handler = [](int) { asked_to_end = true; };
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGTERM, SIGUSR1}) ::sigaction(signal, &action, nullptr);
}

void run_pack(const std::vector<Assignment>& pack, DaemonLink& link, Executor& executor) {
  PackReport report(link, pack);
  try {
    executor.run(pack, report);
    report.finish(
        ErrorClass::internal,
        {"no_outcome", "the recipe returned without saying how this run ended", "please report this"});
  } catch (const DeviceLost& e) {
    for (const Assignment& assignment : pack)
      report.log(assignment.grant, fmt::format("device lost: {}", e.what()));
    std::cerr << "sweetspot-worker: ends: device lost: " << e.what() << std::endl;
    std::_Exit(kDeviceLostExit);  // without a word: what is said of a grant ends it, and the device's driver
                                  // may hang
  } catch (const std::bad_alloc& e) {
    report.finish(ErrorClass::out_of_memory, {"out_of_memory", e.what(), "lower train.batch or eval.batch"});
  } catch (const std::exception& e) {
    report.finish(ErrorClass::internal, {"exception", e.what(), "see the run's log; please report this"});
  }
}

}  // namespace

int serve(const ServeOptions& options, Executor& executor) {
  listen_for_the_end();
  DaemonLink link({.socket = options.socket,
                   .worker = WorkerId{options.worker},
                   .device = options.device,
                   .build = options.build,
                   .asked_to_end = &asked_to_end});
  while (auto start = link.wait_for_start()) run_pack(start->pack, link, executor);
  const Goodbye goodbye = link.goodbye();
  std::cerr << "sweetspot-worker: ends: " << goodbye.reason << std::endl;
  return goodbye.code;
}

}  // namespace sweetspot::worker
