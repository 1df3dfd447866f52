#include <set>

#include "schemas/run_state.h"
#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using Sweeps = LiveServer;
using Runs = LiveServer;
using Tables = LiveServer;
using Results = LiveServer;

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

TEST_F(Runs, PageTheirSamplesAndPlayOnlySound) {
  start();
  submit();
  std::ofstream(directory_ / "a.wav") << "RIFFsound";
  std::ofstream(directory_ / "secret.txt") << "secret";
  for (int i = 0; i < 5; ++i)
    sql("INSERT INTO utterance VALUES (1, ?, ?, ?, 1.5, 'god dag', 'god da', 'HS', 1, ?, 0, 0, 6, 0, 1, 0)",
        i, "u" + std::to_string(i), (directory_ / (i == 0 ? "a.wav" : "secret.txt")).string(), i);
  const json page = get("/api/v1/runs/run_1/samples?sort=-errors&limit=2").json();
  EXPECT_EQ(page["total"], 5);
  EXPECT_EQ(page["items"][0]["number"], 4);
  EXPECT_EQ(page["items"][0]["alignment"], "HS");
  const std::string cursor = page["next_cursor"];
  EXPECT_EQ(
      get("/api/v1/runs/run_1/samples?sort=-errors&limit=2&cursor=" + cursor).json()["items"][0]["number"],
      2);
  EXPECT_EQ(get("/api/v1/runs/run_1/samples?contains=xyz").json()["total"], 0);
  EXPECT_EQ(get("/api/v1/runs/run_1/samples?contains=god%20d").json()["total"], 5);

  const Reply sound = get("/api/v1/" + std::string("runs/run_1/samples/0/audio"));
  EXPECT_EQ(sound.status, 200);
  EXPECT_EQ(sound.headers.at("Content-Type"), "audio/wav");
  EXPECT_EQ(sound.body, "RIFFsound");
  EXPECT_EQ(get("/api/v1/runs/run_1/samples/1/audio").status, 404) << "no sound file";
  EXPECT_EQ(get("/api/v1/runs/run_1/samples/9/audio").status, 404);
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

TEST_F(Tables, ComeInEveryFormat) {
  start();
  submit();
  const json table = get("/api/v1/sweeps/sw_1/tables/wer").json();
  EXPECT_EQ(table["rows"].size(), 16u);
  EXPECT_EQ(table["missing"].size(), 16u);
  EXPECT_EQ(table["summary"]["of"], 16);
  EXPECT_EQ(get("/api/v1/sweeps/sw_1/tables/sweet-spot").json()["summary"]["encoders"][0]["verdict"],
            "undecided");
  EXPECT_EQ(get("/api/v1/sweeps/sw_1/tables/wer?format=csv").headers.at("Content-Type"),
            "text/csv; charset=utf-8");
  EXPECT_EQ(get("/api/v1/sweeps/sw_1/tables/wer?format=md").body.find("| Encoder |"), 0u);
  EXPECT_NE(get("/api/v1/sweeps/sw_1/tables/sweet-spot?format=latex").body.find("\\toprule"),
            std::string::npos);
  EXPECT_EQ(get("/api/v1/sweeps/sw_1/tables/wer?format=xml").status, 400);
  EXPECT_EQ(get("/api/v1/sweeps/sw_1/tables/nothing").status, 404);
  EXPECT_EQ(get("/api/v1/sweeps/sw_9/tables/wer").status, 404);
}

TEST_F(Tables, AreAllThereForAnySweep) {
  start();
  submit();
  for (const char* name :
       {"datasets", "wer", "sweet-spot", "degradation", "reduction", "patterns", "word-errors"}) {
    const Reply reply = get(std::string("/api/v1/sweeps/sw_1/tables/") + name);
    ASSERT_EQ(reply.status, 200) << name << reply.body;
    EXPECT_EQ(reply.json()["name"], name);
    EXPECT_EQ(reply.json()["normalizer"], "paper-wer/1");
    EXPECT_GT(reply.json()["missing"].size(), 0u) << name;
  }
}

// Four cells over the same three utterances; the texts make the cut encoder wrong and LoRA right.
json imported(const std::string& into = "") {
  const auto cell = [](int layers, bool lora, std::vector<std::string> heard) {
    json utterances = json::array();
    const std::vector<std::string> said = {"en to", "luchtvaartmaatschappijen", ""};
    for (std::size_t i = 0; i < said.size(); ++i)
      utterances.push_back(
          {{"id", "u" + std::to_string(i)}, {"reference", said[i]}, {"hypothesis", heard[i]}});
    return json{{"encoder", "whisper"},
                {"layers", layers},
                {"language", "nl"},
                {"lora", lora},
                {"utterances", utterances}};
  };
  json document = {
      {"name", "foreign"},
      {"source", "another system"},
      {"cells",
       {cell(4, false, {"en to", "luchtvaartmaatschappijen", ""}), cell(4, true, {"en to", "x", ""}),
        cell(2, false, {"tre", "luchtvaart maatschappijen", "uh"}),
        cell(2, true, {"en to", "luchtvaartmaatschappijen", "uh"})}}};
  if (!into.empty()) document["into"] = into;
  return document;
}

TEST_F(Results, OfTwoRunsAreComparedUtteranceByUtterance) {
  start();
  ASSERT_EQ(ask("POST", "/api/v1/results", imported().dump()).status, 201);
  const std::string path = "/api/v1/runs/run_1/differences?with=run_3";
  const json page = get(path + "&limit=2").json();
  EXPECT_EQ(page["worse"], 3);
  EXPECT_EQ(page["better"], 0);
  EXPECT_EQ(page["same"], 0);
  EXPECT_EQ(page["items"][0]["number"], 0) << "most errors more, then in order";
  EXPECT_EQ(page["items"][0]["change"], 2);
  EXPECT_EQ(page["items"][0]["here"]["alignment"], "HH");
  EXPECT_EQ(page["items"][0]["there"]["hypothesis"], "tre");
  const std::string cursor = page["next_cursor"];
  const json rest = get(path + "&limit=2&cursor=" + cursor).json();
  ASSERT_EQ(rest["items"].size(), 1u);
  EXPECT_EQ(rest["items"][0]["change"], 1);
  EXPECT_TRUE(rest["next_cursor"].is_null());

  const json gains = get("/api/v1/runs/run_3/differences?with=run_4&sort=change").json();
  EXPECT_EQ(gains["better"], 2);
  EXPECT_EQ(gains["same"], 1);
  EXPECT_EQ(gains["items"][0]["change"], -2);
  EXPECT_EQ(get("/api/v1/runs/run_1/differences").status, 400) << "with what?";
  EXPECT_EQ(get("/api/v1/runs/run_1/differences?with=run_99").status, 404);
}

TEST_F(Results, OfOtherUtterancesAreNotCompared) {
  start();
  json other = imported();
  for (json& cell : other["cells"]) cell["utterances"][0]["reference"] = "en to tre";
  ASSERT_EQ(ask("POST", "/api/v1/results", imported().dump()).status, 201);
  ASSERT_EQ(ask("POST", "/api/v1/results", other.dump()).status, 201);
  const Reply reply = get("/api/v1/runs/run_1/differences?with=run_5");
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(reply.json()["code"], "other_test_set");
  submit();
  EXPECT_EQ(get("/api/v1/runs/run_9/differences?with=run_1").json()["code"], "no_utterances");
}

TEST_F(Results, AreImportedAsASweepThatSaysSo) {
  start();
  const Reply made = ask("POST", "/api/v1/results", imported().dump());
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.headers.at("Location"), "/api/v1/sweeps/sw_1");
  EXPECT_EQ(made.json()["source"], "another system");
  EXPECT_EQ(made.json()["state"], "finished");
  EXPECT_EQ(get("/api/v1/runs/run_1").json()["imported"], true);
  EXPECT_EQ(get("/api/v1/runs/run_3/samples").json()["items"][0]["words"]["deletions"], 1);

  const json wer = get("/api/v1/sweeps/sw_1/tables/wer").json();
  EXPECT_EQ(wer["normalizer"], "paper-wer/1");
  EXPECT_EQ(wer["notes"][0], "All figures are imported: another system");
  EXPECT_EQ(wer["test_sets"][0]["utterances"], 3);
  EXPECT_EQ(wer["test_sets"][0]["runs"], 4);
  EXPECT_DOUBLE_EQ(wer["rows"][2]["wer"].get<double>(), 5.0 / 3) << "above 100 %";
  EXPECT_FALSE(wer["rows"][2]["wer_low"].is_null());
  EXPECT_DOUBLE_EQ(wer["rows"][2]["batch_mean_wer"].get<double>(), 5.0 / 3) << "they are one batch";
  EXPECT_EQ(get("/api/v1/runs/run_3").json()["result"]["batch_mean_wer"], wer["rows"][2]["batch_mean_wer"]);

  const json degradation = get("/api/v1/sweeps/sw_1/tables/degradation").json()["rows"][0];
  EXPECT_DOUBLE_EQ(degradation["base"].get<double>(), 1.0);
  EXPECT_DOUBLE_EQ(degradation["lora"].get<double>(), 1.0 / 3);
  const json patterns = get("/api/v1/sweeps/sw_1/tables/patterns").json();
  ASSERT_EQ(patterns["rows"].size(), 2u);
  EXPECT_EQ(patterns["rows"][1]["tag"], "compound");
}

TEST_F(Results, AddedCellsReplaceThoseThatAreThere) {
  start();
  ask("POST", "/api/v1/results", imported().dump());
  EXPECT_EQ(get("/api/v1/sweeps/sw_1/tables/wer").json()["rows"][0]["wer"], 0.0);
  json again = imported("sw_1");
  again["cells"] = {again["cells"][0]};
  again["cells"][0]["utterances"][0]["hypothesis"] = "en";
  ASSERT_EQ(ask("POST", "/api/v1/results", again.dump()).status, 201);
  const json rows = get("/api/v1/sweeps/sw_1/tables/wer").json()["rows"];
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_DOUBLE_EQ(rows[3]["wer"].get<double>(), 1.0 / 3) << "computed from the new utterances";
}

TEST_F(Results, AreNeverMixedWithOwnRuns) {
  start();
  submit();
  const Reply refused = ask("POST", "/api/v1/results", imported("sw_1").dump());
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_EQ(ask("POST", "/api/v1/results", imported("sw_9").dump()).status, 404);
  EXPECT_EQ(get("/api/v1/runs?sweep=sw_1").json()["items"].size(), 16u);
}

TEST_F(Tables, TheSweetSpotFollowsTheRuleAskedFor) {
  start();
  ask("POST", "/api/v1/results", imported().dump());
  const auto spot = [&](const std::string& query) {
    return get("/api/v1/sweeps/sw_1/tables/sweet-spot" + query);
  };
  EXPECT_EQ(spot("").json()["summary"]["encoders"][0]["verdict"], "none");
  const json within = spot("?rule=within&within=0.5&scope=macro&prefer=layers").json();
  EXPECT_EQ(within["summary"]["encoders"][0]["layers"], 4) << within["summary"];
  EXPECT_NE(within["definition"].get<std::string>().find("within 50 %"), std::string::npos);
  EXPECT_EQ(spot("?within=many").status, 400);
  EXPECT_EQ(spot("?rule=mine").status, 400);
}

TEST_F(Tables, AnOpenVerdictComesWithTheCallThatQueuesWhatItNeeds) {
  start();
  submit();
  sql("UPDATE run SET state = 'cancelled' WHERE layers = 2 AND lora = 1 AND language = 'da'");
  const json encoder = get("/api/v1/sweeps/sw_1/tables/sweet-spot").json()["summary"]["encoders"][0];
  ASSERT_FALSE(encoder["call"].is_null()) << encoder;
  EXPECT_EQ(encoder["call"]["body"]["runs"].size(), 1u);
  const Reply queued =
      ask(encoder["call"]["method"], encoder["call"]["path"], encoder["call"]["body"].dump());
  EXPECT_EQ(queued.status, 200) << queued.body;
  EXPECT_EQ(queued.json()["outcomes"][0]["run"], encoder["call"]["body"]["runs"][0]);
  EXPECT_EQ(ask("POST", "/api/v1/sweeps/sw_1/actions/retry", R"({"runs": ["run_99"]})").status, 404);
}

TEST_F(Tables, OfBeforeNormalisersHadVersionsAreComparedAsTheSame) {
  start();
  json old = imported(), today = imported();
  old["normalizer"] = "paper-wer", today["normalizer"] = "paper-wer/1";
  ask("POST", "/api/v1/results", old.dump());
  ask("POST", "/api/v1/results", today.dump());
  const json table = get("/api/v1/sweeps/sw_1/tables/comparison?with=sw_2").json();
  EXPECT_EQ(table["normalizer"], "paper-wer/1");
  EXPECT_EQ(table["notes"].dump().find("normalised differently"), std::string::npos);
}

TEST_F(Tables, CellsThatTheSweepNeverHadComeWithTheSweepThatMakesThem) {
  start();
  json file = sweep_file();
  file["axes"]["train.lr"] = {1e-4, 2e-4};
  file["exclude"] = {{{"layers", {8, 6}}, {"language", "da"}}};
  ASSERT_EQ(ask("POST", "/api/v1/sweeps", file.dump()).status, 201);
  const json summary = get("/api/v1/sweeps/sw_1/tables/sweet-spot").json()["summary"];
  for (const json& encoder : summary["encoders"]) {
    ASSERT_GT(encoder["absent"].size(), 0u) << encoder;
    const Reply plan = ask("POST", "/api/v1/sweeps?dry_run=1", encoder["absent_call"]["body"].dump());
    ASSERT_EQ(plan.status, 200) << plan.body;
    EXPECT_EQ(plan.json()["cells"], encoder["absent"].size()) << encoder["absent_call"]["body"]["exclude"];
  }
  const json call = summary["absent_call"];
  ASSERT_EQ(ask(call["method"], call["path"], call["body"].dump()).status, 201);
  EXPECT_EQ(get("/api/v1/runs?sweep=sw_2&language=da&layers=8&lora=false").json()["total"], 2);
  EXPECT_EQ(get("/api/v1/runs?sweep=sw_2&language=da&layers=6&lora=true").json()["total"], 2);
  EXPECT_EQ(get("/api/v1/runs?sweep=sw_2").json()["total"], 4) << "no other";
}

TEST_F(Tables, OfAnImportCannotBeCompletedHere) {
  start();
  json document = imported();
  document["cells"].erase(0);
  ask("POST", "/api/v1/results", document.dump());
  const json encoder = get("/api/v1/sweeps/sw_1/tables/sweet-spot").json()["summary"]["encoders"][0];
  EXPECT_EQ(encoder["verdict"], "undecided");
  EXPECT_EQ(encoder["absent"].size(), 1u);
  EXPECT_TRUE(encoder["absent_call"].is_null());
}

TEST_F(Tables, AreTheSameAfterARestartAndFromNothing) {
  start();
  ask("POST", "/api/v1/results", imported().dump());
  const auto all = [&] {
    std::string texts;
    for (const char* name : {"wer", "sweet-spot", "degradation", "reduction", "patterns", "word-errors"})
      for (const char* format : {"json", "csv"})
        texts += get(std::string("/api/v1/sweeps/sw_1/tables/") + name + "?format=" + format).body;
    return texts;
  };
  const std::string fresh = all();
  ASSERT_NE(fresh.find("wer_low"), std::string::npos);
  EXPECT_EQ(all(), fresh) << "as it was made last";
  json more = imported("sw_1");
  more["cells"] = {more["cells"][0]};
  more["cells"][0]["layers"] = 8;
  const auto evidence = directory_ / "state" / "evidence";
  EXPECT_TRUE(std::filesystem::exists(evidence / "run_1"));
  stop(), loop_.restart(), start();
  EXPECT_EQ(all(), fresh) << "from files";
  stop(), loop_.restart();
  std::filesystem::resize_file(evidence / "run_1", 100);
  std::filesystem::remove(evidence / "run_2");
  start();
  EXPECT_EQ(all(), fresh) << "a damaged file and one that is gone are made again";
  ask("POST", "/api/v1/results", more.dump());
  const json rows = get("/api/v1/sweeps/sw_1/tables/wer").json()["rows"];
  ASSERT_EQ(rows.size(), 5u);
  stop(), loop_.restart();
  std::filesystem::remove_all(evidence);
  start();
  EXPECT_EQ(get("/api/v1/sweeps/sw_1/tables/wer").json()["rows"], rows) << "one by one as all together";
}

TEST_F(Tables, ThatHaveNothingInCommonAreNotCompared) {
  start();
  submit();
  ask("POST", "/api/v1/results", imported().dump());
  const Reply refused = get("/api/v1/sweeps/sw_1/tables/comparison?with=sw_2");
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_EQ(refused.json()["code"], "nothing_in_common");
  EXPECT_NE(refused.json()["detail"].get<std::string>().find("languages: da, en here, nl there"),
            std::string::npos)
      << refused.body;
}

TEST_F(Results, AreNormalisedByTheRuleThatIsNamed) {
  start();
  json document = imported();
  document["cells"][0]["utterances"][0]["hypothesis"] = "En, TO!";
  ask("POST", "/api/v1/results", document.dump());
  EXPECT_EQ(get("/api/v1/runs/run_1").json()["wer"], 0.0) << "as own runs are";
  document["normalizer"] = "none";
  ask("POST", "/api/v1/results", document.dump());
  EXPECT_GT(get("/api/v1/runs/run_5").json()["wer"], 0.0);
  EXPECT_EQ(get("/api/v1/sweeps/sw_2/tables/wer").json()["normalizer"], "as given");
  const Reply mixed = ask("POST", "/api/v1/results", imported("sw_2").dump());
  EXPECT_EQ(mixed.status, 409) << mixed.body;
  EXPECT_EQ(mixed.json()["code"], "normalizer_differs");
  document["normalizer"] = "mine";
  const Reply unknown = ask("POST", "/api/v1/results", document.dump());
  EXPECT_EQ(unknown.status, 422);
  EXPECT_EQ(unknown.json()["errors"][0]["pointer"], "#/normalizer") << unknown.body;
  const json row = get("/api/v1/sweeps/sw_1/tables/comparison?with=sw_2").json()["rows"][0];
  EXPECT_TRUE(row["difference"].is_null()) << "the same words by other rules are other words";
  EXPECT_NE(row["why_not"].get<std::string>().find("normalised differently"), std::string::npos);
}

TEST_F(Tables, TwoSweepsAreComparedCellByCell) {
  start();
  ask("POST", "/api/v1/results", imported().dump());
  json other = imported();
  other["cells"][1]["utterances"].erase(0);
  ask("POST", "/api/v1/results", other.dump());
  const json table = get("/api/v1/sweeps/sw_1/tables/comparison?with=sw_2").json();
  ASSERT_EQ(table["rows"].size(), 4u);
  EXPECT_EQ(table["rows"][0]["difference"], 0.0);
  EXPECT_TRUE(table["rows"][1]["difference"].is_null());
  EXPECT_NE(table["rows"][1]["why_not"].get<std::string>().find("different utterances"), std::string::npos);
  EXPECT_EQ(get("/api/v1/sweeps/sw_1/tables/comparison").status, 400);
  EXPECT_EQ(get("/api/v1/sweeps/sw_1/tables/comparison?with=sw_9").status, 404);
}

TEST_F(Results, ThatAreWrongAreRefusedAsAWhole) {
  start();
  json twice = imported();
  twice["cells"].push_back(twice["cells"][0]);
  const Reply refused = ask("POST", "/api/v1/results", twice.dump());
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.json()["errors"][0]["pointer"], "#/cells/4");
  json unknown = imported();
  unknown["cells"][0]["layer"] = 4;
  EXPECT_EQ(ask("POST", "/api/v1/results", unknown.dump()).status, 422);
  EXPECT_EQ(get("/api/v1/sweeps").json()["items"].size(), 0u);
}

TEST_F(Results, OfDifferentTestSetsAreNotCompared) {
  start();
  json document = imported();
  document["cells"][2]["utterances"].erase(1);
  ask("POST", "/api/v1/results", document.dump());
  const json row = get("/api/v1/sweeps/sw_1/tables/degradation").json()["rows"][0];
  EXPECT_TRUE(row["base"].is_null());
  EXPECT_NE(row["why_not"].get<std::string>().find("different utterances (3 and 2)"), std::string::npos);
}

TEST_F(Runs, DevicesAndWorkersShowWhatTheyHold) {
  start();
  submit();
  sql("INSERT INTO device VALUES ('cpu:0', 1, 'wk_0 ended')");
  sql("INSERT INTO worker (id, device, pid, state, started_at) VALUES (1, 'cpu:0', 42, 'busy', "
      "'2026-01-01T00:00:00Z'),"
      " (2, 'cpu:1', 43, 'gone', '2026-01-01T00:00:00Z')");
  sql("UPDATE run SET state = 'leased', device = 'cpu:0' WHERE id = 1");
  sql("INSERT INTO attempt VALUES (1, 1, 1, 1, 'cpu:0', '2026-01-01T00:00:00Z', NULL, '', '')");
  json devices = get("/api/v1/devices").json()["items"];
  ASSERT_EQ(devices.size(), 1u);
  EXPECT_GT(devices[0]["memory"], 0) << "of the machine it runs on";
  devices[0].erase("memory");
  EXPECT_EQ(devices[0], json({{"name", "cpu:0"},
                              {"drained", true},
                              {"worker", "wk_1"},
                              {"state", "busy"},
                              {"problem", "wk_0 ended"},
                              {"runs", {"run_1"}}}));
  EXPECT_EQ(get("/api/v1/workers").json()["items"].size(), 1u);
  EXPECT_EQ(get("/api/v1/workers?all=1").json()["items"].size(), 2u);
  EXPECT_EQ(get("/api/v1/workers").json()["items"][0]["runs"], json({"run_1"}));
  EXPECT_EQ(ask("POST", "/api/v1/devices/cpu:0/actions/resume").status, 200);
  EXPECT_EQ(ask("POST", "/api/v1/devices/cuda:9/actions/drain").status, 404);
}

}  // namespace
}  // namespace sweetspot::daemon
