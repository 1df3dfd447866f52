#include "worker/link/serve.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

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
  logs_[grant] << fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}\n", fmt::gmtime(std::time(nullptr)), line)
               << std::flush;
}

void PackReport::finish(ErrorClass error_class, const Error& error) {
  const auto left = going_;
  for (const Grant& grant : left) {
    if (must_stop(grant)) end(grant, Stopped{grant});
    else failed({.grant = grant, .error_class = error_class, .error = error});
  }
}

namespace {

void run_pack(const std::vector<Assignment>& pack, DaemonLink& link, Executor& executor) {
  PackReport report(link, pack);
  try {
    executor.run(pack, report);
    report.finish(
        ErrorClass::internal,
        {"no_outcome", "the recipe returned without saying how this run ended", "please report this"});
  } catch (const std::bad_alloc& e) {
    report.finish(ErrorClass::out_of_memory, {"out_of_memory", e.what(), "lower train.batch or eval.batch"});
  } catch (const std::exception& e) {
    report.finish(ErrorClass::internal, {"exception", e.what(), "see the run's log; please report this"});
  }
}

}  // namespace

int serve(const ServeOptions& options, Executor& executor) {
  DaemonLink link({.socket = options.socket,
                   .worker = WorkerId{options.worker},
                   .device = options.device,
                   .build = options.build});
  while (auto start = link.wait_for_start()) run_pack(start->pack, link, executor);
  const Goodbye goodbye = link.goodbye();
  std::cerr << "sweetspot-worker: ends: " << goodbye.reason << std::endl;
  return goodbye.code;
}

}  // namespace sweetspot::worker
