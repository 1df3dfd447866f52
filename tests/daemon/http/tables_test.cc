#include "tests/daemon/http/imported.h"
#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using Tables = LiveServer;

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

TEST_F(Tables, AreMadeAnewAfterEveryChangeOfARunOrASweep) {
  start();
  submit();
  submit();
  const std::string wer = "/api/v1/sweeps/sw_1/tables/wer",
                    both = "/api/v1/sweeps/sw_1/tables/comparison?with=sw_2";
  EXPECT_NE(get(wer).json()["rows"][0]["state"], "cancelled");
  const Change cancelled = RunChanged{{.id = RunId{1}, .sweep = SweepId{1}, .status = Cancelled{}}};
  ASSERT_TRUE(commands_->store.commit({&cancelled, 1}));
  EXPECT_EQ(get(wer).json()["rows"][0]["state"], "cancelled");
  const auto there = [&] { return get(both).json()["notes"][0].get<std::string>(); };
  EXPECT_EQ(there().find("renamed"), std::string::npos);
  ASSERT_EQ(ask("PATCH", "/api/v1/sweeps/sw_2", R"({"name": "renamed"})",
                "Content-Type: application/merge-patch+json\r\n")
                .status,
            200);
  EXPECT_NE(there().find("renamed"), std::string::npos);
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

}  // namespace
}  // namespace sweetspot::daemon
