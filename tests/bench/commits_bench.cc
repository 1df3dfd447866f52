// What it costs to store: a change of a run's state, and rows of its curve, against a bare sync of the same
// disk in turn with them. Nothing is asserted.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "daemon/store/store.h"
#include "tests/daemon/temporary_directory.h"

namespace {
using namespace sweetspot;
using namespace sweetspot::daemon;

constexpr int kRounds = 300, kPointsAStep = 3;
constexpr WorkerId kWorker{1};

double milliseconds(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
}

struct Figures {
  std::vector<double> times;
  double at(double share) {
    std::ranges::sort(times);
    return times[std::min(times.size() - 1, std::size_t(share * double(times.size())))];
  }
};

void print(const char* what, Figures& figures, double a_time, Figures& sync) {
  fmt::print("{:<44} median {:.2f} ms, p99 {:.2f} ms, {:.0f} a second; {:.2f} x a bare sync\n", what,
             figures.at(0.5), figures.at(0.99), a_time * 1000 / figures.at(0.5),
             figures.at(0.5) / sync.at(0.5));
}

// 4 KiB at a time, as a database's log grows.
class BareFile {
 public:
  explicit BareFile(const std::filesystem::path& path)
      : file_(::open(path.c_str(), O_RDWR | O_CREAT, 0600)) {}
  ~BareFile() { ::close(file_); }
  void append_and_sync() {
    const std::string page(4096, 'x');
    (void)!::write(file_, page.data(), page.size());
    ::fdatasync(file_);
  }

 private:
  int file_;
};

class Work {
 public:
  explicit Work(const std::filesystem::path& directory) : store_(Store::open(directory / "state").value()) {
    SubmitRequest request{.document = "{}", .cells = {}};
    for (int i = 0; i < kRounds; ++i) {
      Cell cell{.encoder = "/models/tiny", .layers = 4, .language = "da", .llm = "/models/llm"};
      cell.seed = i;
      request.cells.push_back(lone_point(cell));
    }
    runs_ = store_.insert_sweep(request).value().runs;
  }

  void grant(int i) {
    Run& run = runs_.at(std::size_t(i));
    run.fence = Fence{i + 1}, run.attempt = 1, run.status = Leased{kWorker};
    commit({RunChanged{run}, AttemptBegan{{run.id, run.fence}, 1, kWorker, "cpu:0"}});
  }
  void start(int i) {
    Run& run = runs_.at(std::size_t(i));
    run.status = Running{kWorker};
    commit({RunChanged{run}});
  }
  void train(int steps) {
    const Run& run = runs_.front();
    std::vector<Change> changes;
    for (int i = 0; i < steps; ++i, step_ += 200)
      changes.push_back(ProgressMade{{.grant = {run.id, run.fence},
                                      .phase = "training",
                                      .step = step_,
                                      .steps = 100'000,
                                      .loss = 1,
                                      .lr = 1e-4,
                                      .gradient_norm = 1.0}});
    commit(changes);
  }

 private:
  void commit(const std::vector<Change>& changes) {
    if (auto rejected = store_.commit(changes); !rejected)
      fmt::print(stderr, "{}\n", rejected.error().message);
  }
  Store store_;
  std::vector<Run> runs_;
  std::int64_t step_ = 1;
};
}  // namespace

int main() {
  const daemon::TemporaryDirectory directory;
  BareFile bare(directory.path() / "bare");
  Work work(directory.path());
  Figures sync, grant, start, one, tenth, many;
  for (int i = 0; i < kRounds; ++i) {
    sync.times.push_back(milliseconds([&] { bare.append_and_sync(); }));
    grant.times.push_back(milliseconds([&] { work.grant(i); }));
    start.times.push_back(milliseconds([&] { work.start(i); }));
    one.times.push_back(milliseconds([&] { work.train(1); }));
    tenth.times.push_back(milliseconds([&] { work.train(100); }));
    if (i % 10 == 0) many.times.push_back(milliseconds([&] { work.train(1000); }));
  }
  fmt::print("{:<44} median {:.2f} ms, p99 {:.2f} ms\n", "4 KiB appended and synced", sync.at(0.5),
             sync.at(0.99));
  print("a grant: run, attempt, fence, event", grant, 1, sync);
  print("a run starts: run, event", start, 1, sync);
  print("rows of a curve, 3 a commit", one, kPointsAStep, sync);
  print("rows of a curve, 300 a commit", tenth, 100 * kPointsAStep, sync);
  print("rows of a curve, 3000 a commit", many, 1000 * kPointsAStep, sync);
}
