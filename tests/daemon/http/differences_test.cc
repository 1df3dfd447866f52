#include "tests/daemon/http/imported.h"
#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using Differences = LiveServer;

TEST_F(Differences, OfTwoRunsAreComparedUtteranceByUtterance) {
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

TEST_F(Differences, OfOtherUtterancesAreNotCompared) {
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

}  // namespace
}  // namespace sweetspot::daemon
