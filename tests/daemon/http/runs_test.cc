#include <set>

#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using Runs = LiveServer;

TEST_F(Runs, AreFilteredAndSortedWithUnknownWersLast) {
  start();
  submit();
  sql("UPDATE run SET state = 'leased' WHERE id IN (3, 5)");
  sql("UPDATE run SET state = 'running' WHERE id IN (3, 5)");
  sql("UPDATE run SET wer = id / 100.0 WHERE id IN (3, 5)");
  EXPECT_EQ(get("/api/v1/runs?language=da&lora=true").json()["total"], 4);
  EXPECT_EQ(get("/api/v1/runs?layers=2&layers=4").json()["total"], 8);
  EXPECT_EQ(get("/api/v1/runs?state=running").json()["total"], 2);
  EXPECT_EQ(get("/api/v1/runs?sweep=sw_2").json()["total"], 0);
  for (const auto& [sort, first] :
       {std::pair{"wer", "run_3"}, std::pair{"-wer", "run_5"}, std::pair{"-id", "run_16"}}) {
    const json items = get(std::string("/api/v1/runs?limit=1&sort=") + sort).json()["items"];
    ASSERT_EQ(items.size(), 1u);
    EXPECT_EQ(items[0]["id"], first) << sort;
  }
}

TEST_F(Runs, EverySortPagesThroughAllOnce) {
  start();
  submit();
  sql("UPDATE run SET wer = 0.5, val_wer = 0.1, started_at = '2026-01-01T00:00:00Z' WHERE id % 3 = 0");
  sql("UPDATE run SET wer = id / 7.0, ended_at = '2026-01-0' || (id % 4) WHERE id % 3 = 1");
  for (const std::string name : {"position", "id", "wer", "val_wer", "layers", "started_at", "ended_at"})
    for (const std::string& sort : {name, "-" + name}) {
      std::set<std::string> seen;
      std::string cursor;
      int pages = 0;
      do {
        const Reply reply =
            get("/api/v1/runs?limit=3&sort=" + sort + (cursor.empty() ? "" : "&cursor=" + cursor));
        ASSERT_EQ(reply.status, 200) << sort << reply.body;
        for (const json& run : reply.at("items"))
          EXPECT_TRUE(seen.insert(run["id"].get<std::string>()).second) << sort << " twice";
        const json next = reply.json()["next_cursor"];
        cursor = next.is_null() ? "" : next.get<std::string>();
      } while (!cursor.empty() && ++pages < 10);
      EXPECT_EQ(seen.size(), 16u) << sort;
    }
}

TEST_F(Runs, ShowCellAttemptsCurveAndLog) {
  start();
  submit();
  sql("UPDATE run SET fence = 7, attempt = 1, state = 'leased', device = 'cpu:0' WHERE id = 1");
  sql("INSERT INTO attempt VALUES (7, 1, 1, 1, 'cpu:0', '2026-01-01T00:00:00Z', NULL, '', '')");
  sql("INSERT INTO metric VALUES (1, 7, 'loss', 1, 2.5), (1, 7, 'loss', 2, NULL), (1, 7, 'lr', 1, 0.1)");
  sql("INSERT INTO metric VALUES (1, 6, 'loss', 1, 99)");
  sql("INSERT INTO epoch VALUES (1, 7, 1, 2, NULL, 0.1, 0.25, 3.5, 1)");
  const json run = get("/api/v1/runs/run_1").json();
  EXPECT_EQ(run["cell"]["layers"], run["layers"]);
  EXPECT_EQ(run["attempts"][0]["worker"], "wk_1");
  EXPECT_TRUE(run["result"].is_null());
  const json metrics = get("/api/v1/runs/1/metrics?name=loss").json();
  EXPECT_EQ(metrics["series"], json({{"loss", {{1, 2.5}, {2, nullptr}}}})) << "of the newest try only";
  EXPECT_EQ(metrics["epochs"][0]["val_wer"], 0.25);
  EXPECT_TRUE(metrics["epochs"][0]["train_loss"].is_null());

  EXPECT_EQ(get("/api/v1/runs/run_1/log").body, "") << "there is none yet";
  const auto attempt = directory_ / "state" / "runs" / "run_1" / "a7";
  std::filesystem::create_directories(attempt);
  std::ofstream(attempt / "log.txt") << "one\ntwo\nthree\n";
  EXPECT_EQ(get("/api/v1/runs/run_1/log").body, "one\ntwo\nthree\n");
  EXPECT_EQ(get("/api/v1/runs/run_1/log?tail=2").body, "two\nthree\n");
  const Reply part = get("/api/v1/runs/run_1/log?offset=4&limit=3");
  EXPECT_EQ(part.body, "two");
  EXPECT_EQ(part.headers.at("Next-Offset"), "7");
  EXPECT_EQ(part.headers.at("Log-Size"), "14");
  EXPECT_EQ(get("/api/v1/runs/run_1/log?offset=99").body, "");
  EXPECT_EQ(get("/api/v1/runs/run_1/log?attempt=2").status, 404);
}

TEST_F(Runs, GiveNoMorePointsThanAskedForButBothEndsAndTheExtremes) {
  start();
  submit();
  sql("UPDATE run SET fence = 7, state = 'leased' WHERE id = 1");
  sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO metric "
      "SELECT 1, 7, 'loss', i, CASE i WHEN 2345 THEN 9 WHEN 3456 THEN -9 ELSE 1 + i % 7 / 10.0 END FROM n");
  for (const auto& [query, most] : {std::pair{"", 1000u}, {"?points=50", 50u}}) {
    const json loss = get(std::string("/api/v1/runs/run_1/metrics") + query).json()["series"]["loss"];
    EXPECT_LE(loss.size(), most);
    EXPECT_GE(loss.size(), most / 2);
    EXPECT_EQ(loss.front(), json({1, 1.1}));
    EXPECT_EQ(loss.back(), json({5000, 1.2}));
    EXPECT_NE(std::find(loss.begin(), loss.end(), json({2345, 9})), loss.end());
    EXPECT_NE(std::find(loss.begin(), loss.end(), json({3456, -9})), loss.end());
  }
}

TEST_F(Runs, ThatCannotChangeAreAConflict) {
  start();
  submit();
  EXPECT_EQ(ask("POST", "/api/v1/runs/run_1/actions/cancel").status, 200);
  commands_->run_changes = false;
  const Reply reply = ask("POST", "/api/v1/runs/run_1/actions/cancel");
  EXPECT_EQ(reply.status, 409);
  EXPECT_NE(reply.json()["detail"].get<std::string>().find("it is over"), std::string::npos);
}

TEST_F(Runs, AreFoundByWhatPeopleSaidOfThem) {
  start();
  submit();
  const std::string merge = "Content-Type: application/merge-patch+json\r\n";
  const Reply edited =
      ask("PATCH", "/api/v1/runs/run_3", R"({"note": "odd", "tags": ["look", "again"]})", merge);
  ASSERT_EQ(edited.status, 200) << edited.body;
  EXPECT_EQ(edited.json()["note"], "odd");
  EXPECT_EQ(ask("PATCH", "/api/v1/runs/run_4", R"({"tags": ["look"]})", merge).json()["note"], "");
  EXPECT_EQ(get("/api/v1/runs?tag=look").at("total"), 2);
  const json found = get("/api/v1/runs?tag=look&tag=again").json();
  ASSERT_EQ(found["items"].size(), 1u);
  EXPECT_EQ(found["items"][0]["id"], "run_3");
  EXPECT_EQ(get("/api/v1/runs/run_3/events").at("items").back()["data"]["tags"], json({"look", "again"}));
  EXPECT_EQ(ask("PATCH", "/api/v1/runs/run_99", R"({"note": "x"})", merge).status, 404);
  EXPECT_EQ(ask("PATCH", "/api/v1/runs/run_3", R"({"state": "succeeded"})", merge).status, 422);
}

}  // namespace
}  // namespace sweetspot::daemon
