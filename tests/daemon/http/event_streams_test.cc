#include <chrono>

#include "tests/daemon/http/live_server.h"

namespace sweetspot::daemon {
namespace {

using namespace std::chrono_literals;

class Events : public LiveServer {
 protected:
  asio::ip::tcp::socket open(const std::string& target, const std::string& headers = "") {
    auto socket = connect();
    asio::write(socket,
                asio::buffer("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n"));
    return socket;
  }
  // What comes until `end` has come, or the stream is over.
  static std::string read_to(asio::ip::tcp::socket& socket, const std::string& end) {
    std::string bytes;
    boost::system::error_code error;
    while (!error && bytes.find(end) == bytes.npos) {
      char part[4096];
      bytes.append(part, socket.read_some(asio::buffer(part), error));
    }
    return bytes;
  }
  static std::vector<int> ids(const std::string& frames) {
    std::vector<int> found;
    for (auto at = frames.find("\nid: "); at != frames.npos; at = frames.find("\nid: ", at + 1))
      found.push_back(std::stoi(frames.substr(at + 5)));
    return found;
  }
  bool clients_become(int number) {
    const std::string line = "sweetspot_sse_clients " + std::to_string(number) + "\n";
    for (int i = 0; i < 100; ++i) {
      if (get("/metrics").body.find(line) != std::string::npos) return true;
      std::this_thread::sleep_for(50ms);
    }
    return false;
  }
  void add_event(const std::string& type, std::optional<int> sweep = {}) {
    sql("INSERT INTO event (at, type, sweep, data) VALUES ('2026-01-01T00:00:00Z', ?, ?, '{\"a\":1}')", type,
        sweep);
    notify();
  }
};

TEST_F(Events, ComeAfterTheirCommitWithTheirNumber) {
  start();
  auto stream = open("/api/v1/events?after=0");
  add_event("worker");
  const std::string text = read_to(stream, R"("data":{"a":1})");
  EXPECT_NE(text.find("Content-Type: text/event-stream"), std::string::npos);
  EXPECT_EQ(text.find("Content-Length"), std::string::npos);
  EXPECT_NE(text.find("retry: 3000"), std::string::npos);
  EXPECT_NE(text.find("event: worker\nid: 1\ndata: {"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("data":{"a":1})"), std::string::npos);
}

TEST_F(Events, AreReplayedWithoutGapAndWithoutDoubleWhileMoreAreWritten) {
  start();
  sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 740) "
      "INSERT INTO event (at, type, data) SELECT '2026-01-01T00:00:00Z', 'run', '{}' FROM n");
  std::vector<int> seen;
  std::string last = "0";
  std::thread writer([this] {
    for (int i = 0; i < 60; ++i) add_event("run");
  });
  while (seen.size() < 800) {  // hangs up in the middle of things, again and again
    auto stream = open("/api/v1/events", "Last-Event-ID: " + last + "\r\n");
    const std::string text =
        read_to(stream, "\nid: " + std::to_string(std::min(800, std::stoi(last) + 97)) + "\n");
    for (int id : ids(text)) seen.push_back(id);
    last = std::to_string(seen.back());
  }
  writer.join();
  for (std::size_t i = 0; i < 800; ++i) ASSERT_EQ(seen[i], int(i) + 1);
}

TEST_F(Events, AreFilteredBySweepAndTopic) {
  start();
  auto stream = open("/api/v1/events?sweep=sw_2&topics=run,worker&after=0");
  add_event("run", 1);
  add_event("run", 2);
  add_event("sweep", 2);
  add_event("worker");
  EXPECT_EQ(ids(read_to(stream, "\nid: 4\n")), (std::vector{2, 4}));
}

TEST_F(Events, BeginWithNewOnesUnlessAskedOtherwise) {
  start();
  add_event("run");
  auto stream = open("/api/v1/events");
  read_to(stream, "retry: 3000");
  add_event("run");
  EXPECT_EQ(ids(read_to(stream, "\nid: 2\n")), std::vector{2});
}

TEST_F(Events, APlaceThatIsNotKnownMeansReadingAnew) {
  start();
  add_event("run");
  auto stream = open("/api/v1/events", "Last-Event-ID: 99\r\n");
  const std::string text = read_to(stream, "\"resync\"");
  EXPECT_NE(text.find("event: resync\nid: 1\ndata: {"), std::string::npos) << text;
}

TEST_F(Events, AQuietStreamBeats) {
  start();
  auto stream = open("/api/v1/events");
  EXPECT_NE(read_to(stream, ": hb").find(": hb"), std::string::npos);
}

TEST_F(Events, BeyondTheirNumberStreamsAreRefused) {
  start();
  std::vector<asio::ip::tcp::socket> open_streams;
  for (int i = 0; i < 3; ++i) {
    open_streams.push_back(open("/api/v1/events"));
    read_to(open_streams.back(), "retry: 3000");
  }
  EXPECT_NE(get("/metrics").body.find("sweetspot_sse_clients 3"), std::string::npos);
  auto one_more = open("/api/v1/events");
  const Reply reply = parse(read_all(one_more));
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.headers.contains("Retry-After"));
}

TEST_F(Events, AClientThatHangsUpGivesItsPlaceBackWithoutWaitingForAHeartbeat) {
  limits_.heartbeat = 1h;
  start();
  std::vector<asio::ip::tcp::socket> streams;
  for (int i = 0; i < 3; ++i) read_to(streams.emplace_back(open("/api/v1/events")), "retry: 3000");
  ASSERT_TRUE(clients_become(3));
  streams.pop_back();
  EXPECT_TRUE(clients_become(2));
  boost::system::error_code ignored;
  streams.back().shutdown(asio::socket_base::shutdown_send, ignored);
  EXPECT_TRUE(clients_become(1)) << "one that only says that it has no more to say";
  asio::write(streams.front(), asio::buffer("GET / HTTP/1.1\r\n"), ignored);
  EXPECT_TRUE(clients_become(0)) << "one that asks for more on the same connection";
  auto again = open("/api/v1/events");
  EXPECT_NE(read_to(again, "retry: 3000").find("200 OK"), std::string::npos);
}

TEST_F(Events, AReaderThatTakesNothingIsDropped) {
  limits_.write_time = 200ms;
  start();
  auto stream = open("/api/v1/events?after=0");
  read_to(stream, "retry: 3000");
  sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO event "
      "(at, type, data) "
      "SELECT '2026-01-01T00:00:00Z', 'run', '{\"x\":\"' || hex(zeroblob(500)) || '\"}' FROM n");
  notify();
  EXPECT_TRUE(clients_become(0)) << "the stream is still held";
}

TEST_F(Events, StopEndsStreamsAtOnce) {
  start();
  auto stream = open("/api/v1/events");
  read_to(stream, "retry: 3000");
  const auto begun = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  read_all(stream);
}

}  // namespace
}  // namespace sweetspot::daemon
