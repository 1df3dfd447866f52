#include <set>

#include "schemas/run_state.h"
#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using Sweeps = LiveServer;

TEST_F(Sweeps, AreStoredWithAllTheirRuns) {
  start();
  const Reply made = ask("POST", "/api/v1/sweeps", sweep_file().dump());
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.headers.at("Location"), "/api/v1/sweeps/sw_1");
  EXPECT_EQ(made.headers.at("ETag"), "\"r1\"");
  const json sweep = get("/api/v1/sweeps/sw_1").json();
  EXPECT_EQ(sweep["name"], "first");
  EXPECT_EQ(sweep["state"], "running");
  EXPECT_EQ(sweep["counts"]["total"], 16);
  EXPECT_EQ(sweep["counts"]["queued"], 16);
  EXPECT_EQ(sweep["spec"]["axes"]["language"], json({"en", "da"}));
  EXPECT_TRUE(sweep["eta_seconds"].is_null());
}

TEST_F(Sweeps, ADryRunPlansAndStoresNothing) {
  start();
  sql("INSERT INTO device VALUES ('cpu:0', 0, '')");
  json file = sweep_file();
  file["exclude"] = {{{"layers", 2}, {"language", "da"}}};
  const Reply reply = ask("POST", "/api/v1/sweeps?dry_run=1", file.dump());
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json plan = reply.json();
  EXPECT_EQ(plan["cells"], 14);
  EXPECT_EQ(plan["axes"]["layers"], json({2, 4, 6, 8}));
  EXPECT_EQ(plan["excluded"].size(), 2u);
  ASSERT_EQ(plan["models"].size(), 2u) << plan["models"];
  EXPECT_EQ(plan["models"][0]["role"], "encoder");
  EXPECT_GT(plan["models"][0]["parameters"], 0);
  EXPECT_TRUE(plan["models"][1]["parameters"].is_null()) << "the LLM's config.json says nothing";
  EXPECT_TRUE(plan["sizes"].empty()) << "without the LLM's nothing is guessed";
  ASSERT_FALSE(plan["devices"].empty());
  EXPECT_GT(plan["devices"][0]["memory"], 0);
  EXPECT_EQ(get("/api/v1/sweeps").json()["items"].size(), 0u);
}

TEST_F(Sweeps, AllErrorsComeAtOnceWithPointers) {
  start();
  json file = sweep_file();
  file["corpora"]["da"]["path"] = "/nowhere";
  file["llm"] = "/nowhere/llm";
  const Reply missing = ask("POST", "/api/v1/sweeps", file.dump());
  ASSERT_EQ(missing.status, 422) << missing.body;
  std::set<std::string> pointers;
  for (const json& error : missing.at("errors")) pointers.insert(error["pointer"].get<std::string>());
  EXPECT_TRUE(pointers.contains("#/llm")) << missing.body;
  EXPECT_EQ(get("/api/v1/sweeps").json()["items"].size(), 0u) << "nothing is stored by half";

  file["nmae"] = 1;
  file["train"] = {{"epochs", "many"}};
  const Reply wrong = ask("POST", "/api/v1/sweeps", file.dump());
  ASSERT_EQ(wrong.status, 422);
  EXPECT_GE(wrong.json()["errors"].size(), 2u) << wrong.body;
}

TEST_F(Sweeps, TheSameKeyGivesTheSameSweepAndAnotherBodyIsRefused) {
  start();
  const std::string key = "Content-Type: application/json\r\nIdempotency-Key: \"k-1\"\r\n";
  json file = sweep_file();
  const Reply first = ask("POST", "/api/v1/sweeps", file.dump(), key);
  const Reply again = ask("POST", "/api/v1/sweeps", file.dump(), key);
  EXPECT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.json()["id"], first.json()["id"]);
  file["name"] = "second";
  EXPECT_EQ(ask("POST", "/api/v1/sweeps", file.dump(), key).status, 422);
  EXPECT_EQ(get("/api/v1/sweeps").json()["items"].size(), 1u);
}

TEST_F(Sweeps, AreListedNewestFirstPageByPage) {
  start();
  for (int i = 0; i < 5; ++i) submit();
  std::vector<std::string> seen;
  std::string target = "/api/v1/sweeps?limit=2";
  for (int page = 0; page < 3; ++page) {
    const Reply reply = get(target);
    ASSERT_EQ(reply.status, 200);
    for (const json& sweep : reply.at("items")) seen.push_back(sweep["id"]);
    const json next = reply.json()["next_cursor"];
    EXPECT_EQ(next.is_null(), page == 2);
    EXPECT_EQ(reply.headers.contains("Link"), page < 2);
    if (!next.is_null()) target = "/api/v1/sweeps?limit=2&cursor=" + next.get<std::string>();
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"sw_5", "sw_4", "sw_3", "sw_2", "sw_1"}));
}

TEST_F(Sweeps, AreEditedOnlyAtTheRevisionThatWasSeen) {
  start();
  submit();
  const std::string merge = "Content-Type: application/merge-patch+json\r\n";
  const Reply edited =
      ask("PATCH", "/api/v1/sweeps/sw_1", R"({"note": "hm", "priority": 3})", merge + "If-Match: \"r1\"\r\n");
  ASSERT_EQ(edited.status, 200) << edited.body;
  EXPECT_EQ(edited.headers.at("ETag"), "\"r2\"");
  EXPECT_EQ(edited.json()["note"], "hm");
  EXPECT_EQ(edited.json()["name"], "first");
  EXPECT_EQ(ask("PATCH", "/api/v1/sweeps/sw_1", R"({"note": "x"})", merge + "If-Match: \"r1\"\r\n").status,
            412);
  EXPECT_EQ(ask("PATCH", "/api/v1/sweeps/sw_1", R"({"note": "x"})", merge + "If-Match: W/\"r2\"\r\n").status,
            412);
  EXPECT_EQ(ask("PATCH", "/api/v1/sweeps/sw_1", R"({"note": null})", merge).status, 422);
  EXPECT_EQ(ask("PATCH", "/api/v1/sweeps/sw_1", R"({"spec": {}})", merge).status, 422);
  EXPECT_EQ(ask("PATCH", "/api/v1/sweeps/sw_1", R"({"note": "x"})").status, 415);
  EXPECT_EQ(ask("PATCH", "/api/v1/sweeps/sw_9", R"({"note": "x"})", merge).status, 404);
}

TEST_F(Sweeps, AreRemovedUnlessAWorkerHoldsARun) {
  start();
  submit();
  sql("UPDATE run SET state = 'leased' WHERE id = 1");
  EXPECT_EQ(ask("DELETE", "/api/v1/sweeps/sw_1").status, 409);
  sql("UPDATE run SET state = 'queued' WHERE id = 1");
  EXPECT_EQ(ask("DELETE", "/api/v1/sweeps/sw_1").status, 204);
  EXPECT_EQ(get("/api/v1/sweeps/sw_1").status, 404);
  EXPECT_EQ(get("/api/v1/runs/run_1").status, 404);
}

TEST_F(Sweeps, ActionsAnswerRunByRun) {
  start();
  submit();
  const Reply reply = ask("POST", "/api/v1/sweeps/sw_1/actions/retry", R"({"states": ["failed"]})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json()["changed"], 1);
  EXPECT_EQ(reply.json()["outcomes"][1]["why_not"], "it is over");
  EXPECT_EQ(commands_->action_states, std::vector{RunState::failed});
  EXPECT_EQ(commands_->actions.back(), Action::retry);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps/sw_1/actions/retry", R"({"from_scratch": true})").status, 200);
  EXPECT_EQ(commands_->actions.back(), Action::restart);
  EXPECT_EQ(ask("POST", "/api/v1/runs/run_1/actions/retry", R"({"from_scratch": 1})").status, 422);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps/sw_1/actions/pause").status, 200);
  EXPECT_EQ(commands_->actions.back(), Action::pause);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps/sw_1/actions/retry", R"({"states": ["done"]})").status, 422);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps/sw_2/actions/pause").status, 404);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps/sw_1/actions/explode").status, 404);
}

TEST_F(Sweeps, AreFoundByNameAndByAllTheirTags) {
  start();
  for (int i = 0; i < 3; ++i) submit();
  const std::string merge = "Content-Type: application/merge-patch+json\r\n";
  EXPECT_EQ(
      ask("PATCH", "/api/v1/sweeps/sw_1", R"({"tags": ["paper", "nano run"], "name": "Zebra 100%"})", merge)
          .status,
      200);
  EXPECT_EQ(ask("PATCH", "/api/v1/sweeps/sw_2", R"({"tags": ["paper"]})", merge).status, 200);
  const auto found = [&](const std::string& query) {
    std::vector<std::string> ids;
    for (const json& sweep : get("/api/v1/sweeps?" + query).at("items")) ids.push_back(sweep["id"]);
    return ids;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(get("/api/v1/sweeps/sw_1").at("tags"), json({"paper", "nano run"}));
  EXPECT_EQ(found("tag=paper"), (Ids{"sw_2", "sw_1"}));
  EXPECT_EQ(found("tag=paper&tag=nano%20run"), Ids{"sw_1"});
  EXPECT_EQ(found("tag=pap"), Ids{});
  EXPECT_EQ(found("contains=zebra"), Ids{"sw_1"});
  EXPECT_EQ(found("contains=0%25"), Ids{"sw_1"}) << "no pattern";
  EXPECT_EQ(found("contains=sw_3"), Ids{"sw_3"});
  EXPECT_EQ(found("contains=first&tag=paper"), Ids{"sw_2"});
  EXPECT_EQ(ask("PATCH", "/api/v1/sweeps/sw_2", R"({"tags": []})", merge).json()["tags"], json::array());
  EXPECT_EQ(ask("PATCH", "/api/v1/sweeps/sw_2", R"({"tags": [""]})", merge).status, 422);
}

TEST_F(Sweeps, ShowAllTheirRunsAtOnce) {
  start();
  submit();
  sql("UPDATE run SET state = 'leased' WHERE id = 2");
  sql("UPDATE run SET state = 'running', step = 3, steps = 9, val_wer = 0.5 WHERE id = 2");
  const json grid = get("/api/v1/sweeps/sw_1/grid").json();
  ASSERT_EQ(grid["runs"], 16);
  for (std::size_t i : {0, 1, 15}) {
    const json run = get("/api/v1/runs/run_" + std::to_string(i + 1)).json();
    for (const auto& [name, values] : grid["columns"].items()) {
      ASSERT_EQ(values.size(), 16u) << name;
      EXPECT_EQ(values[i], run.at(name)) << name;
    }
    for (const auto& [name, value] : grid["same"].items()) EXPECT_EQ(value, run.at(name)) << name;
  }
  EXPECT_TRUE(grid["same"].contains("encoder") && grid["columns"].contains("step")) << grid;
  EXPECT_EQ(get("/api/v1/sweeps/sw_9/grid").status, 404);
}

}  // namespace
}  // namespace sweetspot::daemon
