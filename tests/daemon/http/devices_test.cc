#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using Devices = LiveServer;

TEST_F(Devices, AndWorkersShowWhatTheyHold) {
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
