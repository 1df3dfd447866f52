// Where the time of runs went: what each says, and what a sweep adds up to.
#include <fmt/format.h>

#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// At so many seconds of a morning.
std::string at(int second) { return fmt::format("2026-01-01T00:{:02}:{:02}.000Z", second / 60, second % 60); }

class Timings : public LiveServer {
 protected:
  void attempt(int fence, int run, int worker, int began, int ended) {
    sql("INSERT INTO attempt VALUES (?, ?, 1, ?, 'cpu:0', ?, ?, '', '')", fence, run, worker, at(began),
        at(ended));
  }
  void result(int run, std::optional<Timing> timing) {
    json document = to_json(RunResult{.timing = timing});
    if (!timing) document.erase("timing");
    sql("INSERT INTO result VALUES (?, 1, 'ee', ?, 0, 0, 0, 0, 0, 0, 0, 0, '', '')", run, document.dump());
  }
  // Runs 1 and 2 are a pack of worker 1; run 3 is tried twice by worker 2.
  void some_have_run() {
    start();
    submit();
    sql("UPDATE sweep SET created_at = ?", at(0));
    attempt(1, 1, 1, 10, 70), attempt(2, 2, 1, 10, 130);
    attempt(3, 3, 2, 20, 50), attempt(4, 3, 2, 90, 150);
    for (const auto& [state, second] :
         {std::pair("failed", 50), {"queued", 60}, {"leased", 90}, {"queued", 200}})
      sql("INSERT INTO event (at, type, sweep, run, data) VALUES (?, 'run', 1, 3, ?)", at(second),
          json({{"state", state}}).dump());
    result(1,
           Timing{.audio = 1, .encode = 2, .train = 30, .validate = 10, .test = 5, .other = 2, .saved = 4.5});
    result(2,
           Timing{.audio = 1, .encode = 2, .train = 40, .validate = 10, .test = 5, .other = 2, .saved = {}});
    result(3, {});
  }
};

TEST_F(Timings, OfARunAreItsResultsAndItsTimeInTheQueue) {
  some_have_run();
  const json first = get("/api/v1/runs/run_1").at("timing");
  EXPECT_EQ(first["train"], 30);
  EXPECT_EQ(first["total"], 50);
  EXPECT_EQ(first["saved"], 4.5);
  EXPECT_NEAR(first["wait"].get<double>(), 10, 0.01);
  EXPECT_TRUE(get("/api/v1/runs/run_2").at("timing")["saved"].is_null());
  const json third = get("/api/v1/runs/run_3").at("timing");
  EXPECT_TRUE(third["train"].is_null() && third["total"].is_null()) << "its result is of before";
  EXPECT_NEAR(third["wait"].get<double>(), 20 + 30, 0.01) << "submitted to started, tried again to started";
  EXPECT_TRUE(get("/api/v1/runs/run_4").at("timing")["wait"].is_null()) << "it has not begun";
}

TEST_F(Timings, StandInListsThatAskForThem) {
  some_have_run();
  const json items = get("/api/v1/runs?timing=true&limit=2").at("items");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[1]["timing"], get("/api/v1/runs/run_2").at("timing"));
  EXPECT_FALSE(get("/api/v1/runs").at("items")[0].contains("timing"));
  EXPECT_EQ(get("/api/v1/runs?timing=maybe").status, 400);
}

TEST_F(Timings, OfASweepAddUpToTheTimeOfItsDevices) {
  some_have_run();
  const json sweep = get("/api/v1/sweeps/sw_1/timing").json();
  EXPECT_EQ(sweep["runs"], 2);
  EXPECT_EQ(sweep["train"], 70);
  EXPECT_EQ(sweep["saved"], 4.5);
  EXPECT_NEAR(sweep["wait"].get<double>(), 10 + 10 + 50, 0.01);
  EXPECT_NEAR(sweep["total"].get<double>(), 120 + 30 + 60, 0.01) << "a pack counts once";
  double sum = 0;
  for (const char* kind : {"audio", "encode", "train", "validate", "test", "other", "unaccounted"})
    sum += sweep[kind].get<double>();
  EXPECT_NEAR(sum, sweep["total"].get<double>(), 1e-9);
  EXPECT_EQ(get("/api/v1/sweeps/sw_2/timing").status, 404);
}

// Runs 1 and 2, together, took 120 s of a device, run 3 its last 60 s: 60 s a run. Of 16, 13 are left, one
// half done.
TEST_F(Timings, ThatAreLeftAreOfTheDevicesSoThatAPackCountsOnce) {
  some_have_run();
  for (int worker : {1, 2})
    sql("INSERT INTO worker (id, device, pid, start_time, boot, build, state, started_at) "
        "VALUES (?, ?, 1, 1, '', '', 'ready', ?)",
        worker, fmt::format("cpu:{}", worker), at(0));
  sql("UPDATE run SET state = 'leased', fence = id + (id = 3) WHERE id <= 4");
  sql("UPDATE run SET state = 'running', step = 5, steps = 10 WHERE id <= 4");
  EXPECT_TRUE(get("/api/v1/sweeps/sw_1").at("eta_seconds").is_null()) << "nothing is done yet";
  sql("UPDATE run SET state = 'succeeded' WHERE id <= 3");
  EXPECT_NEAR(get("/api/v1/sweeps/sw_1").at("eta_seconds").get<double>(), 60 * 12.5 / 2, 0.1);
  sql("UPDATE run SET step = 20 WHERE id = 4");
  EXPECT_NEAR(get("/api/v1/sweeps/sw_1").at("eta_seconds").get<double>(), 60 * 12.0 / 2, 0.1);
  sql("UPDATE sweep SET paused = 1");
  EXPECT_TRUE(get("/api/v1/sweeps/sw_1").at("eta_seconds").is_null()) << "it goes nowhere";
  sql("UPDATE run SET state = 'cancelled' WHERE id > 3");
  EXPECT_EQ(get("/api/v1/sweeps/sw_1").at("eta_seconds"), 0);
}

TEST_F(Timings, OfASweepThatHasNotBegunAreNone) {
  start();
  submit();
  const json sweep = get("/api/v1/sweeps/sw_1/timing").json();
  EXPECT_EQ(sweep["total"], 0);
  EXPECT_EQ(sweep["wait"], 0);
  EXPECT_TRUE(sweep["saved"].is_null());
}

}  // namespace
}  // namespace sweetspot::daemon
