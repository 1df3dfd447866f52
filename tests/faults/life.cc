#include "tests/faults/life.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "daemon/store/sqlite.h"
#include "tests/fake_worker/made_up_result.h"

namespace sweetspot::faults {
using namespace sweetspot::daemon;
namespace fs = std::filesystem;

namespace {
constexpr int kUtterances = 2;

GridCell cell_of(int layers) {
  Cell cell{.encoder = "/models/tiny", .layers = layers, .language = "da", .llm = "/models/llm"};
  cell.corpus.path = "/corpora/da";
  const auto alone = std::make_shared<const Workload>(Workload{.affinity = "tiny/da", .pack = "tiny/da"});
  return lone_point(cell, alone);
}
}  // namespace

void WorkerProcess::drop(const Grant& grant) {
  std::erase_if(pack, [&](const Job& job) { return job.assignment.grant == grant; });
  std::erase_if(kept, [&](const WorkerFrame& frame) {
    return std::visit(
        [&](const auto& message) {
          if constexpr (requires { message.grant; }) return message.grant == grant;
          else return false;
        },
        frame.message);
  });
}

bool Life::start() {
  auto opened = Store::open(state_directory_);
  if (!opened) return error_ = opened.error(), false;
  store_.emplace(std::move(*opened));
  auto loaded = store_->load(now_, std::chrono::seconds(30));
  if (!loaded) return error_ = loaded.error(), false;
  state_ = std::move(*loaded);
  state_.devices.try_emplace("cpu:0", Device{.name = "cpu:0"});
  for (auto& [id, worker] : state_.workers) {
    state_.devices.at("cpu:0").worker = id;
    if (!worker_ || worker_->id != id) events_.push_back(WorkerEnded{id, ExitedWith{-1}});
  }
  if (worker_ && !state_.workers.contains(worker_->id)) worker_.reset();  // nobody knows it: it gives up
  return true;
}

bool Life::submit() {
  SubmitRequest request{.document = "{}", .cells = {}};
  for (int i = 0; i < kRuns; ++i) request.cells.push_back(cell_of(2 + 2 * i));
  request.idempotency = Idempotency{"life", "life"};
  for (;;) {
    auto added = store_->insert_sweep(request);
    if (added) {
      on_commit();
      return state_.sweeps.contains(added->sweep.id) || step(*std::move(added));
    }
    error_ = added.error();
    if (!retrying_ || error_.code != "disk_full") return false;
    on_full();
  }
}

bool Life::commit(const std::vector<Change>& changes) {
  for (;;) {
    auto rejected = store_->commit(changes);
    if (rejected) {
      for (auto& [change, why] : *rejected)
        events_.push_back(ResultRejected{change.worker, change.done.grant, why});
      on_commit();
      return true;
    }
    error_ = rejected.error();
    if (!retrying_ || error_.code != "disk_full") return false;
    on_full();
  }
}

bool Life::step(const Event& event) {
  const Effects effects = react(state_, event, now_, options_);
  check_invariants(state_);
  if (!effects.changes.empty() && !commit(effects.changes)) return false;
  for (const Act& action : effects.actions) perform(action);
  return true;
}

void Life::perform(const Act& action) {
  if (const auto* launch = std::get_if<LaunchWorker>(&action)) worker_ = WorkerProcess{.id = launch->worker};
  if (!worker_) return;
  if (const auto* start = std::get_if<StartPack>(&action)) {
    for (const Grant grant : start->pack)
      worker_->pack.push_back({Assignment{.grant = grant,
                                          .directory = attempt_directory(state_directory_, grant).string(),
                                          .cell = *store_->cell_of(grant.run)}});
    largest_pack_ = std::max(largest_pack_, start->pack.size());
  } else if (std::holds_alternative<KillWorker>(action)) {
    events_.push_back(WorkerEnded{worker_->id, KilledBy{15}});
    worker_.reset();
  } else if (const auto* send = std::get_if<Send>(&action)) {
    if (std::holds_alternative<Welcome>(send->message)) worker_->connected = true;
    if (const auto* ack = std::get_if<Ack>(&send->message))
      while (!worker_->kept.empty() && worker_->kept.front().seq <= ack->seq) worker_->kept.pop_front();
    if (const auto* cancel = std::get_if<Cancel>(&send->message)) worker_->drop(cancel->grant);
    if (const auto* stale = std::get_if<Stale>(&send->message)) worker_->drop(stale->grant);
    if (std::holds_alternative<Exit>(send->message)) {
      events_.push_back(WorkerEnded{worker_->id, ExitedWith{0}});
      worker_.reset();
    }
  }
}

WorkerMessage Life::next_message() {
  std::rotate(worker_->pack.begin(), worker_->pack.begin() + 1, worker_->pack.end());
  const Assignment job = worker_->pack.back().assignment;
  const int part = worker_->pack.back().told++;
  if (part == 0) return Started{job.grant};
  if (part <= kEpochs)
    return EpochDone{job.grant, {.epoch = part, .step = part * 10, .validation_wer = 0.5, .best = true}};
  const auto utterances = fake::make_utterances(job.cell, kUtterances);
  fs::create_directories(job.directory);
  std::ofstream(fs::path(job.directory) / kUtterancesFile) << fake::to_lines(utterances);
  const Grant grant = job.grant;
  Done done{grant, fake::declare(job.cell, utterances)};
  worker_->pack.pop_back();
  return done;
}

bool Life::let_worker_speak() {
  if (!worker_->connected) {
    Hello hello{
        .worker = worker_->id, .device = "cpu:0", .pid = 1, .start_time = 1, .build = "life", .grants = {}};
    for (const auto& job : worker_->pack) hello.grants.push_back(job.assignment.grant);
    for (const WorkerFrame& frame : worker_->kept)
      if (const auto* done = std::get_if<Done>(&frame.message)) hello.grants.push_back(done->grant);
    if (!step(WorkerConnected{hello})) return false;
    if (!worker_) return true;
    const auto again = worker_->kept;
    for (const WorkerFrame& frame : again)
      if (worker_ && !step(WorkerSaid{worker_->id, frame})) return false;
    return true;
  }
  if (worker_->pack.empty()) return step(WorkerSaid{worker_->id, {0, Heartbeat{}}});
  const WorkerFrame frame{++worker_->seq, next_message()};
  worker_->kept.push_back(frame);
  return step(WorkerSaid{worker_->id, frame});
}

bool Life::over() const {
  return !state_.runs.empty() && std::ranges::all_of(state_.runs, [](const auto& entry) {
    return is_terminal(state_of(entry.second.status));
  });
}

bool Life::finish() {
  for (int i = 0; !over() || !events_.empty(); ++i) {
    if (i == 20000) return error_ = {"stuck", "it never comes to rest", "", ""}, false;
    now_ += std::chrono::milliseconds(500);
    if (!events_.empty()) {
      const Event event = std::move(events_.front());
      events_.pop_front();
      if (!step(event)) return false;
      continue;
    }
    if (worker_ && !let_worker_speak()) return false;
    if (!step(Tick{})) return false;
  }
  return true;
}

std::int64_t newest_event(const fs::path& state) {
  auto reader = Database::open_for_reading(state / "sweetspot.db");
  if (!reader) return -1;
  const auto seq = reader->one<std::int64_t>("SELECT coalesce(max(seq), 0) FROM event");
  return seq ? seq->value_or(-1) : -1;
}

std::string what_is_wrong(const fs::path& state, int runs) {
  auto reader = Database::open_for_reading(state / "sweetspot.db");
  if (!reader) return reader.error().message;
  const auto count = [&](const std::string& what) {
    const auto n = reader->one<int>("SELECT count(*) FROM " + what);
    return n ? n->value_or(-1) : -1;
  };
  std::string wrong;
  const std::vector<std::pair<std::string, int>> expected = {{"run", runs},
                                                             {"run WHERE state = 'succeeded'", runs},
                                                             {"result", runs},
                                                             {"utterance", runs * kUtterances},
                                                             {"attempt WHERE ended_at IS NULL", 0}};
  for (const auto& [what, wanted] : expected) {
    if (count(what) != wanted) wrong += fmt::format("{} of {} instead of {}; ", count(what), what, wanted);
  }
  const auto check = reader->one<std::string>("PRAGMA integrity_check");
  if (!check || check->value_or("") != "ok") wrong += "the database is damaged; ";
  return wrong;
}

}  // namespace sweetspot::faults
