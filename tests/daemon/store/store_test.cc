#include "daemon/store/store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "daemon/store/sqlite.h"
#include "tests/daemon/temporary_directory.h"
#include "tests/fake_worker/made_up_result.h"

namespace sweetspot::daemon {
namespace {

using std::chrono::seconds;

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override { reopen(); }

  void reopen() {
    store.reset();
    auto opened = Store::open(directory.path());
    ASSERT_TRUE(opened) << opened.error().message;
    store.emplace(*std::move(opened));
  }

  static GridCell cell(int layers) {
    Cell cell{.encoder = "/models/tiny", .layers = layers, .language = "da", .llm = "/models/llm"};
    cell.corpus.path = "/corpora/da";
    return lone_point(cell, std::make_shared<const Workload>(Workload{.affinity = "tiny/da"}));
  }

  static SubmitRequest request() {
    SubmitRequest request{.document = R"({"name":"test"})", .cells = {cell(4), cell(2)}};
    request.spec.name = "test";
    request.spec.priority = 3;
    return request;
  }

  // A sweep of two, the first run of which a worker holds.
  daemon::Run lease_first() {
    auto added = store->insert_sweep(request());
    EXPECT_TRUE(added) << added.error().message;
    daemon::Run run = added->runs.front();
    run.fence = Fence{1}, run.attempt = 1, run.device = "cpu:0";
    run.status = Leased{WorkerId{1}};
    const Worker worker{.id = WorkerId{1}, .device = "cpu:0"};
    const Hello hello{.worker = worker.id, .device = "cpu:0", .pid = 42, .start_time = 7, .build = "b"};
    commit({WorkerChanged{worker, "busy", hello}, RunChanged{run},
            AttemptBegan{{run.id, run.fence}, 1, worker.id, "cpu:0"}});
    return run;
  }

  daemon::Run run_first() {
    daemon::Run run = lease_first();
    run.status = Running{WorkerId{1}};
    commit({RunChanged{run}});
    return run;
  }

  std::vector<Store::Rejected> commit(const std::vector<Change>& changes) {
    auto rejected = store->commit(changes);
    EXPECT_TRUE(rejected) << rejected.error().message;
    return rejected ? *std::move(rejected) : std::vector<Store::Rejected>{};
  }

  // Writes the utterances of an attempt and declares them.
  ResultStored finish(daemon::Run run) {
    const Grant grant{run.id, run.fence};
    const auto attempt = attempt_directory(directory.path(), grant);
    std::filesystem::create_directories(attempt);
    const auto utterances = fake::make_utterances(cell(4).cell(), 20);
    std::ofstream(attempt / kUtterancesFile) << fake::to_lines(utterances);
    run.status = Succeeded{};
    return {WorkerId{1}, 5, Done{grant, fake::declare(cell(4).cell(), utterances)}, run};
  }

  template <class T>
  T ask(const std::string& sql) {
    auto reader = Database::open_for_reading(directory.path() / "sweetspot.db");
    return reader->one<T>(sql).value().value();
  }

  TemporaryDirectory directory;
  std::optional<Store> store;
};

TEST_F(StoreTest, SecondDaemonIsRefusedNamingTheFirst) {
  auto second = Store::open(directory.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "state_locked");
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos)
      << second.error().message;
}

TEST_F(StoreTest, DaemonWhoseLockWasDeletedStopsWritingWhenAnotherBegins) {
  std::filesystem::remove(directory.path() / "lock");
  auto second = Store::open(directory.path());
  ASSERT_TRUE(second);
  EXPECT_EQ(store->insert_sweep(request()).error().code, "superseded");
  EXPECT_TRUE(second->insert_sweep(request()));
}

TEST_F(StoreTest, NothingIsWrittenIntoADatabaseThatWasDeleted) {
  ASSERT_TRUE(store->insert_sweep(request()));
  std::filesystem::rename(directory.path() / "sweetspot.db", directory.path() / "elsewhere");
  const auto refused = store->insert_sweep(request());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "superseded");
  EXPECT_NE(refused.error().message.find("was deleted"), std::string::npos) << refused.error().message;
  std::filesystem::rename(directory.path() / "elsewhere", directory.path() / "sweetspot.db");
  EXPECT_TRUE(store->insert_sweep(request()));
}

TEST_F(StoreTest, SweepIsStoredWithAllItsRunsOrNotAtAll) {
  auto twice = request();
  twice.cells.push_back(twice.cells.front());
  EXPECT_EQ(store->insert_sweep(twice).error().code, "database_constraint");
  EXPECT_EQ(ask<int>("SELECT count(*) FROM sweep"), 0);
  auto added = store->insert_sweep(request());
  ASSERT_TRUE(added);
  EXPECT_EQ(added->runs.size(), 2u);
  EXPECT_EQ(added->sweep.priority, 3);
  EXPECT_EQ(store->cell_of(added->runs[1].id).value(), cell(2).cell());
}

TEST_F(StoreTest, DepthsBesideARunAreThoseOfCellsThatNeedTheSame) {
  auto asked = request();
  asked.cells.clear();
  for (const auto& [layers, affinity] : {std::pair(6, "a"), {4, "a"}, {6, "a"}, {2, "b"}}) {
    GridCell point = cell(int(asked.cells.size()));
    Cell base = *point.base;
    base.layers = layers;
    point.base = std::make_shared<const Cell>(std::move(base));
    point.workload = std::make_shared<const Workload>(Workload{.affinity = affinity});
    asked.cells.push_back(std::move(point));
  }
  const auto added = store->insert_sweep(asked);
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(store->depths_beside(added->runs[0].id).value(), (std::vector<int>{4, 6}));
  EXPECT_EQ(store->depths_beside(added->runs[3].id).value(), std::vector<int>{2});
}

TEST_F(StoreTest, SameIdempotencyKeyGivesTheSameSweep) {
  auto asked = request();
  asked.idempotency = {"key", "fingerprint"};
  const auto first = store->insert_sweep(asked);
  const auto again = store->insert_sweep(asked);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->sweep.id, again->sweep.id);
  EXPECT_TRUE(again->runs.empty());
  asked.idempotency->fingerprint = "another";
  EXPECT_EQ(store->insert_sweep(asked).error().code, "idempotency_conflict");
  EXPECT_EQ(ask<int>("SELECT count(*) FROM sweep"), 1);
}

TEST_F(StoreTest, AnIdempotencyKeyIsFreeAgainWhenItsSweepIsRemoved) {
  auto asked = request();
  asked.idempotency = {"key", "fingerprint"};
  const auto first = store->insert_sweep(asked);
  ASSERT_TRUE(first);
  ASSERT_TRUE(store->remove_sweep(first->sweep.id));
  const auto again = store->insert_sweep(asked);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->runs.size(), asked.cells.size());
}

TEST_F(StoreTest, HeldRunsComeBackOrphanedWithTheirFences) {
  const daemon::Run held = run_first();
  reopen();
  const TimePoint now{};
  auto state = store->load(now, seconds(30));
  ASSERT_TRUE(state) << state.error().message;
  const auto* orphaned = std::get_if<Orphaned>(&state->runs.at(held.id).status);
  ASSERT_NE(orphaned, nullptr);
  EXPECT_EQ(orphaned->worker, WorkerId{1});
  EXPECT_EQ(orphaned->deadline, now + seconds(30));
  EXPECT_EQ(state->last_fence, held.fence);
  EXPECT_EQ(state->last_worker, WorkerId{1});
  EXPECT_EQ(state->queue.size(), 1u);
  EXPECT_EQ(state->workers.at(WorkerId{1}).runs, (std::map<RunId, Fence>{{held.id, held.fence}}));
  const auto known = store->known_workers().value();
  ASSERT_EQ(known.size(), 1u);
  EXPECT_EQ(known[0].pid, 42);
  EXPECT_EQ(known[0].start_time, 7);
  EXPECT_EQ(ask<std::string>("SELECT state FROM run WHERE id = 1"), "orphaned");
}

TEST_F(StoreTest, IllegalTransitionIsRefusedWithEverythingBesideIt) {
  auto added = store->insert_sweep(request());
  daemon::Run leap = added->runs[0], fine = added->runs[1];
  leap.status = Succeeded{};
  fine.status = Paused{};
  const Change changes[] = {RunChanged{fine}, RunChanged{leap}};
  EXPECT_EQ(store->commit(changes).error().code, "database_constraint");
  EXPECT_EQ(ask<int>("SELECT count(*) FROM run WHERE state = 'queued'"), 2);
}

TEST_F(StoreTest, OlderFenceChangesNothing) {
  daemon::Run run = run_first();
  run.fence = Fence{0};
  run.status = Queued{};
  const Change changes[] = {RunChanged{run}};
  EXPECT_EQ(store->commit(changes).error().code, "stale_fence");
  EXPECT_EQ(ask<std::string>("SELECT state FROM run WHERE id = 1"), "running");

  commit({ProgressMade{{.grant = {run.id, Fence{99}}, .phase = "training", .step = 5, .steps = 10}},
          EpochStored{{{run.id, Fence{99}}, {.epoch = 1}}}});
  EXPECT_EQ(ask<int>("SELECT step FROM run WHERE id = 1"), 0);
  EXPECT_EQ(ask<int>("SELECT count(*) FROM epoch"), 0);
}

TEST_F(StoreTest, ResultIsStoredWithUtterancesArtifactsAndEvent) {
  const daemon::Run run = run_first();
  const ResultStored result = finish(run);
  EXPECT_TRUE(commit({result}).empty());
  EXPECT_EQ(ask<std::string>("SELECT state FROM run WHERE id = 1"), "succeeded");
  EXPECT_EQ(ask<double>("SELECT wer FROM run WHERE id = 1"), result.done.result.words.rate());
  EXPECT_EQ(ask<int>("SELECT count(*) FROM utterance"), 20);
  EXPECT_EQ(ask<std::string>("SELECT sha256 FROM artifact WHERE name = 'utterances.jsonl'"),
            result.done.result.utterances_sha256);
  EXPECT_EQ(ask<std::string>("SELECT outcome FROM attempt WHERE ended_at IS NOT NULL"), "succeeded");
  const auto event =
      nlohmann::json::parse(ask<std::string>("SELECT data FROM event ORDER BY seq DESC LIMIT 1"));
  EXPECT_EQ(event["id"], "run_1");
  EXPECT_EQ(event["sweep"], "sw_1");
  EXPECT_EQ(event["state"], "succeeded");
  EXPECT_EQ(event["lora"], false);
  EXPECT_EQ(event["wer"], result.done.result.words.rate());
  EXPECT_EQ(event["params"]["encoder"], result.done.result.parameters.encoder);
}

TEST_F(StoreTest, ResultSentTwiceIsStoredOnce) {
  const ResultStored result = finish(run_first());
  EXPECT_TRUE(commit({result}).empty());
  EXPECT_TRUE(commit({result}).empty());
  EXPECT_EQ(ask<int>("SELECT count(*) FROM result"), 1);
  EXPECT_EQ(ask<int>("SELECT count(*) FROM utterance"), 20);
  auto other = result;
  other.done.result.utterances_sha256 = "0";
  const auto rejected = commit({other});
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(rejected[0].error.code, "result_conflict");
}

TEST_F(StoreTest, ResultThatDoesNotVerifyLeavesNoTraceButItsNeighboursDo) {
  const daemon::Run run = run_first();
  const ResultStored honest = finish(run);
  const auto lies = std::to_array<std::function<void(RunResult&)>>({
      [](RunResult& r) { ++r.utterances; },
      [](RunResult& r) { --r.words.hits; },
      [](RunResult& r) { ++r.characters.insertions; },
      [](RunResult& r) { r.utterances_sha256.back() ^= 1; },
  });
  for (const auto& lie : lies) {
    ResultStored lying = honest;
    lie(lying.done.result);
    const Sweep sweep{.id = run.sweep, .priority = ask<int>("SELECT priority FROM sweep") + 1};
    const auto rejected = commit({lying, SweepChanged{sweep}});
    ASSERT_EQ(rejected.size(), 1u);
    EXPECT_EQ(rejected[0].error.code, "result_unverified");
    EXPECT_EQ(ask<int>("SELECT priority FROM sweep"), sweep.priority) << "the rest is committed";
    EXPECT_EQ(ask<std::string>("SELECT state FROM run WHERE id = 1"), "running");
    EXPECT_EQ(ask<int>("SELECT count(*) FROM utterance") + ask<int>("SELECT count(*) FROM result"), 0);
  }
  EXPECT_TRUE(commit({honest}).empty());
}

TEST_F(StoreTest, LineWhoseAlignmentDisagreesWithItsCountsIsRejected) {
  const daemon::Run run = run_first();
  ResultStored result = finish(run);
  auto utterances = fake::make_utterances(cell(4).cell(), 3);
  utterances[1].alignment += 'H';
  std::ofstream(attempt_directory(directory.path(), {run.id, run.fence}) / kUtterancesFile)
      << fake::to_lines(utterances);
  result.done.result = fake::declare(cell(4).cell(), utterances);
  const auto rejected = commit({result});
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_NE(rejected[0].error.message.find("line 2"), std::string::npos) << rejected[0].error.message;
}

TEST_F(StoreTest, ResultSaysWhetherItsAttemptWasResumedToTheBit) {
  const daemon::Run run = run_first();
  const ResultStored result = finish(run);
  const auto resumed = attempt_directory(directory.path(), {run.id, run.fence}) / "resumed.json";
  std::ofstream(resumed) << R"([{"epoch": 1, "step": 3, "bit_exact": true, "changed": ""},
                                {"epoch": 2, "step": 7, "bit_exact": false, "changed": " threads 1 -> 2"}])";
  EXPECT_TRUE(commit({result}).empty());
  EXPECT_EQ(ask<std::string>("SELECT resumed FROM result"), "not bit-exact: threads 1 -> 2");
}

TEST_F(StoreTest, CheckpointsBeforeARestartFromScratchAreNotGoneOnFrom) {
  daemon::Run run = run_first();
  const Grant next{run.id, Fence{9}};
  EXPECT_EQ(store->attempts_before(next)->size(), 1u);
  run.scratch = run.fence;
  commit({RunChanged{run}});
  EXPECT_TRUE(store->attempts_before(next)->empty());
  reopen();
  EXPECT_EQ(store->load(Clock::now(), std::chrono::seconds(1))->runs.at(run.id).scratch, run.fence);
}

// A broken file is the worker's to mend, by another attempt: it must not stop the daemon.
TEST_F(StoreTest, ResultWithAFileThatCannotBeReadIsRejected) {
  const daemon::Run run = run_first();
  const ResultStored result = finish(run);
  const auto utterances = attempt_directory(directory.path(), {run.id, run.fence}) / kUtterancesFile;
  std::filesystem::rename(utterances, utterances.string() + ".moved");
  std::filesystem::create_symlink(utterances.string() + ".moved", utterances);
  const auto rejected = commit({result});
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(rejected.front().error.code, "result_unverified");
}

TEST_F(StoreTest, WithoutDescriptorsAResultIsNotJudged) {
  const daemon::Run run = run_first();
  const ResultStored result = finish(run);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{3, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const auto rejected = store->commit(std::vector<Change>{result});
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(rejected);
  EXPECT_EQ(rejected.error().code, "shortage");
  EXPECT_TRUE(commit({result}).empty()) << "and is stored later";
  EXPECT_EQ(ask<std::string>("SELECT state FROM run WHERE id = 1"), "succeeded");
}

TEST_F(StoreTest, MissingUtterancesFileIsRejected) {
  const daemon::Run run = run_first();
  const ResultStored result = finish(run);
  std::filesystem::remove_all(attempt_directory(directory.path(), {run.id, run.fence}));
  EXPECT_EQ(commit({result}).size(), 1u);
}

TEST_F(StoreTest, ProgressIsReplacedAndItsCurveThinned) {
  const daemon::Run run = run_first();
  const Grant grant{run.id, run.fence};
  for (std::int64_t step = 1; step <= 3000; step += 7) {
    commit({ProgressMade{
        {.grant = grant, .phase = "training", .step = step, .steps = 100'000, .loss = 1.0 / double(step)}}});
  }
  EXPECT_EQ(ask<int>("SELECT count(*) FROM event WHERE type = 'progress'"), 1);
  EXPECT_EQ(ask<int>("SELECT count(*) FROM metric WHERE name = 'loss'"), 15) << "one a 200 steps";
  commit({ProgressMade{{.grant = grant,
                        .phase = "training",
                        .step = 90'000,
                        .steps = 100'000,
                        .loss = std::numeric_limits<double>::quiet_NaN()}}});
  EXPECT_EQ(
      ask<std::optional<double>>("SELECT value FROM metric WHERE name = 'loss' ORDER BY step DESC LIMIT 1"),
      std::nullopt);
}

// A worker says it one step late: it does not wait for the device.
TEST_F(StoreTest, TheNormOfGradientsBelongsToTheStepBefore) {
  const daemon::Run run = run_first();
  commit({ProgressMade{{.grant = {run.id, run.fence},
                        .phase = "training",
                        .step = 5,
                        .steps = 10,
                        .gradient_norm = 2.5}}});
  EXPECT_EQ(ask<double>("SELECT value FROM metric WHERE name = 'gradient_norm' AND step = 4"), 2.5);
  EXPECT_EQ(ask<int>("SELECT count(*) FROM metric WHERE step = 5"), 2) << "loss and lr";
}

TEST_F(StoreTest, BestEpochSetsTheValidationWer) {
  const daemon::Run run = run_first();
  const Grant grant{run.id, run.fence};
  auto epoch = [&](int number, double wer, bool best) {
    return EpochStored{{grant, {.epoch = number, .validation_wer = wer, .best = best}}};
  };
  commit({epoch(1, 0.5, true), epoch(2, 0.6, false), epoch(2, 0.1, true)});
  EXPECT_EQ(ask<double>("SELECT val_wer FROM run WHERE id = 1"), 0.5)
      << "epoch 2 came twice; the first counts";
  EXPECT_EQ(ask<int>("SELECT count(*) FROM event WHERE type = 'epoch'"), 2);
}

TEST_F(StoreTest, EditNeedsTheCurrentRevision) {
  const auto sweep = store->insert_sweep(request())->sweep.id;
  EXPECT_TRUE(store->edit_sweep(sweep, {.note = "a note", .if_revision = 1}));
  EXPECT_EQ(store->edit_sweep(sweep, {.note = "late", .if_revision = 1}).error().code, "revision_conflict");
  EXPECT_EQ(ask<std::string>("SELECT note FROM sweep"), "a note");
  EXPECT_EQ(store->edit_sweep(SweepId{9}, {}).error().code, "not_found");
}

TEST_F(StoreTest, SweepIsRemovedOnlyWhenNobodyWorksOnIt) {
  daemon::Run run = run_first();
  EXPECT_EQ(store->remove_sweep(run.sweep).error().code, "sweep_active");
  run.status = Cancelled{};
  commit({RunChanged{run}});
  EXPECT_TRUE(store->remove_sweep(run.sweep));
  EXPECT_EQ(ask<int>("SELECT count(*) FROM run"), 0);
  EXPECT_EQ(store->remove_sweep(run.sweep).error().code, "not_found");
}

TEST_F(StoreTest, GoneWorkersAreNotKnownAnyMore) {
  const Worker worker{.id = WorkerId{3}, .device = "cpu:0"};
  commit({WorkerChanged{worker, "starting", {}}});
  EXPECT_EQ(store->known_workers()->size(), 1u);
  commit({WorkerChanged{worker, "gone", {}}});
  EXPECT_TRUE(store->known_workers()->empty());
  EXPECT_EQ(store->load(TimePoint{}, seconds(1))->last_worker, WorkerId{3}) << "numbers are never used again";
}

TEST_F(StoreTest, DamagedDatabaseIsRefused) {
  store.reset();
  std::fstream file(directory.path() / "sweetspot.db", std::ios::in | std::ios::out | std::ios::binary);
  for (int page = 1; page < 12; ++page) {
    file.seekp(page * 4096);
    file << std::string(64, '\xff');
  }
  file.close();
  auto opened = Store::open(directory.path());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "database_corrupt") << opened.error().message;
  EXPECT_FALSE(opened.error().hint.empty());
}

ImportRequest import_request(double wer = 0.25) {
  ImportRequest request;
  request.results = {
      .name = "published", .source = "a paper", .into = {}, .about = {{"name", "published"}}, .cells = {}};
  request.results.cells.push_back({.encoder = "whisper",
                                   .language = "da",
                                   .layers = 4,
                                   .wer = wer,
                                   .utterances = {},
                                   .encoder_params = 100});
  return request;
}

TEST_F(StoreTest, ImportedResultsAreSucceededRunsOfASweepWithASource) {
  auto added = store->insert_imported(import_request());
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(added->runs.size(), 1u);
  EXPECT_EQ(ask<std::string>("SELECT source FROM sweep"), "a paper");
  EXPECT_EQ(ask<std::string>("SELECT state FROM run"), "succeeded");
  EXPECT_EQ(ask<double>("SELECT wer FROM run"), 0.25);
  EXPECT_EQ(ask<int>("SELECT encoder_params FROM published"), 100);
  EXPECT_EQ(ask<int>("SELECT count(*) FROM result"), 0) << "a WER alone has no counts";
  reopen();
  auto state = store->load({}, seconds(1));
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->queue.empty()) << "no worker ever gets one";
}

TEST_F(StoreTest, ImportedCellsReplaceThoseOfTheSameIdentity) {
  const auto first = store->insert_imported(import_request());
  auto again = import_request(0.5);
  again.results.into = first->sweep.id;
  const auto second = store->insert_imported(again);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(ask<int>("SELECT count(*) FROM run"), 1);
  EXPECT_EQ(ask<double>("SELECT wer FROM run"), 0.5);
  EXPECT_NE(second->runs[0].id, first->runs[0].id)
      << "what was computed for the old one must not be taken for it";
}

TEST_F(StoreTest, ImportedWordsAreNormalisedAlikeInASweep) {
  const auto first = store->insert_imported(import_request());
  auto other = import_request();
  other.results.into = first->sweep.id;
  other.results.about["normalizer"] = "another";
  EXPECT_EQ(store->insert_imported(other).error().code, "normalizer_differs");
}

TEST_F(StoreTest, ImportedResultsAreKeptApartFromOwnRuns) {
  const auto own = store->insert_sweep(request());
  auto mixed = import_request();
  mixed.results.into = own->sweep.id;
  EXPECT_EQ(store->insert_imported(mixed).error().code, "own_sweep");
  mixed.results.into = SweepId{99};
  EXPECT_EQ(store->insert_imported(mixed).error().code, "not_found");
  EXPECT_EQ(ask<int>("SELECT count(*) FROM run"), 2);
}

TEST_F(StoreTest, TheSameImportKeyStoresOnce) {
  auto keyed = import_request();
  keyed.idempotency = {"key", "fingerprint"};
  const auto first = store->insert_imported(keyed), again = store->insert_imported(keyed);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->sweep.id, first->sweep.id);
  EXPECT_EQ(ask<int>("SELECT count(*) FROM sweep"), 1);
}

}  // namespace
}  // namespace sweetspot::daemon
