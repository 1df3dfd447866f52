#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using Samples = LiveServer;

TEST_F(Samples, ArePagedAndPlayOnlySound) {
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

}  // namespace
}  // namespace sweetspot::daemon
