// A worker's life: wait for a pack, do it, report how each of its grants ended, again.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/worker_message.h"
#include "worker/link/daemon_link.h"

namespace sweetspot::worker {

// What an executor says while it works on a pack. Grants are those of the pack.
class PackReport {
 public:
  PackReport(DaemonLink& link, std::span<const Assignment> pack);

  void started(const Grant& grant);
  void progress(const Progress& progress);
  void step_done() { link_.count_step(); }
  void epoch(const EpochDone& epoch);
  void done(const Done& done);  // its utterances file is on disk already
  void failed(const Failed& failed);
  void log(const Grant& grant, std::string_view line);  // appended to the attempt's log.txt

  // To be asked between steps: when true the grant is left as it is, without a word.
  bool must_stop(const Grant& grant) { return link_.must_stop(grant); }
  // Asked as well: when true it is kept where it stands and left too; finish() hands it back.
  bool leaving() const { return link_.leaving(); }

  // Stopped or Failed for the grants that have not ended.
  void finish(ErrorClass error_class, const Error& error);

 private:
  void end(const Grant& grant, WorkerMessage message);
  DaemonLink& link_;
  std::set<Grant> going_;
  std::map<Grant, std::ofstream> logs_;
};

// The device failed under the process, which nothing mends but a new process: the worker ends at once and its
// grants are tried again by another.
struct DeviceLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline constexpr int kDeviceLostExit = 71;  // EX_OSERR

class Executor {
 public:
  virtual ~Executor() = default;
  // Trains and evaluates the pack's cells. Each attempt's directory exists. Expected failures are reported;
  // what is thrown fails every grant that has not ended, but for DeviceLost.
  virtual void run(const std::vector<Assignment>& pack, PackReport& report) = 0;
};

struct ServeOptions {
  std::filesystem::path socket;
  std::string device;
  std::int64_t worker = 0;
  int threads = 1;
  std::string build;
};

// Returns the process's exit code. SIGTERM and SIGUSR1 make it hand back what it does and end.
int serve(const ServeOptions& options, Executor& executor);

}  // namespace sweetspot::worker
