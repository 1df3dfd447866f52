#include "tests/daemon/http/imported.h"
#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using Results = LiveServer;

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

}  // namespace
}  // namespace sweetspot::daemon
