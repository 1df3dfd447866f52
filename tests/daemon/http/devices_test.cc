#include <unistd.h>

#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using Devices = LiveServer;

TEST_F(Devices, AndWorkersShowWhatTheyHold) {
  start();
  submit();
  sql("INSERT INTO device VALUES ('cpu:0', 1, 'wk_0 ended')");
  sql("INSERT INTO worker (id, device, pid, state, started_at) VALUES (1, 'cpu:0', 99999999, 'busy', "
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
                              {"memory_used", nullptr},
                              {"utilization", nullptr},
                              {"runs", {"run_1"}}}));
  EXPECT_EQ(get("/api/v1/workers").json()["items"].size(), 1u);
  EXPECT_EQ(get("/api/v1/workers?all=1").json()["items"].size(), 2u);
  EXPECT_EQ(get("/api/v1/workers").json()["items"][0]["runs"], json({"run_1"}));
  EXPECT_EQ(ask("POST", "/api/v1/devices/cpu:0/actions/resume").status, 200);
  EXPECT_EQ(ask("POST", "/api/v1/devices/cuda:9/actions/drain").status, 404);
}

TEST_F(Devices, OfAnEarlierStartAreNotListedUnlessAWorkerIsStillThere) {
  start();
  sql("INSERT INTO device VALUES ('cpu:0', 0, ''), ('cpu:1', 0, ''), ('cpu:2', 1, '')");
  sql("INSERT INTO worker (id, device, pid, state, started_at) VALUES (1, 'cpu:2', 0, 'busy', 'then')");
  const json devices = get("/api/v1/devices").json()["items"];
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0]["name"], "cpu:0");
  EXPECT_EQ(devices[1]["name"], "cpu:2") << "drained, and its worker goes on to the end";
  EXPECT_EQ(ask("POST", "/api/v1/devices/cpu:1/actions/drain").status, 404);
}

TEST_F(Devices, SayHowMuchTheirWorkerUses) {
  start();
  sql("INSERT INTO device VALUES ('cpu:0', 0, '')");
  sql("INSERT INTO worker (id, device, pid, state, started_at) VALUES (1, 'cpu:0', ?, 'busy', 'then')",
      ::getpid());
  const json device = get("/api/v1/devices").json()["items"][0];
  EXPECT_GT(device["memory_used"], 1'000'000);
  EXPECT_LT(device["memory_used"], device["memory"]);
}

}  // namespace
}  // namespace sweetspot::daemon
