// Bytes that mean nothing, connections that are torn down, and a worker that never stops talking.
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <random>

#include "tests/faults/spoiled.h"
#include "tests/process/world.h"

namespace sweetspot::faults {
namespace {

using process::World;

// A connection to the daemon; -1 is let be by all calls, which then fail.
class Connection {
 public:
  explicit Connection(int port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(std::uint16_t(port)), .sin_addr = {}, .sin_zero = {}};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open_ = ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  explicit Connection(const std::filesystem::path& path) : descriptor_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    open_ = ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  Connection(const Connection&) = delete;
  ~Connection() { ::close(descriptor_); }

  bool open() const { return open_; }
  bool say(std::string_view bytes) {
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == ssize_t(bytes.size());
  }
  void hang_up() { ::shutdown(descriptor_, SHUT_WR); }
  std::string hear() {  // one piece
    char bytes[4096];
    const auto count = ::recv(descriptor_, bytes, sizeof bytes, 0);
    return {bytes, std::size_t(std::max<ssize_t>(count, 0))};
  }
  void reset_when_closed() {
    const linger now{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  int descriptor_;
  bool open_ = false;
};

class Hostile : public testing::Test {
 protected:
  std::int64_t resident_bytes() const {
    std::int64_t whole = 0, resident = 0;
    std::ifstream("/proc/" + std::to_string(daemon->pid()) + "/statm") >> whole >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
  }
  std::int64_t open_files() const {
    const auto files = std::filesystem::directory_iterator("/proc/" + std::to_string(daemon->pid()) + "/fd");
    return std::distance(begin(files), end(files));
  }
  void expect_unharmed() {
    ASSERT_FALSE(daemon->ended()) << daemon->log();
    httplib::Client client("127.0.0.1", daemon->port());
    const auto answer = client.Get("/api/v1/runs");
    ASSERT_TRUE(answer) << daemon->log();
    EXPECT_EQ(answer->status, 200);
  }
  // Random bytes, or some sensible ones with a few changed, cut or repeated.
  std::string garbage(const std::string& sensible) {
    std::string bytes = random() % 3 ? sensible : std::string(random() % 3000, ' ');
    if (bytes.find_first_not_of(' ') == bytes.npos)
      for (char& byte : bytes) byte = char(random());
    for (auto changes = random() % 8; changes > 0 && !bytes.empty(); --changes)
      bytes[random() % bytes.size()] = char(random());
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
    if (random() % 8 == 0) bytes += bytes;
    return bytes;
  }

  World world;
  std::unique_ptr<process::DaemonProcess> daemon = world.start_daemon();
  std::mt19937 random{1};
};

TEST_F(Hostile, BytesOnEitherSocketDoNoHarm) {
  const int port = daemon->port(), pieces = 400 * times(1);
  const std::string requests[] = {
      "GET /api/v1/runs?sweep=1&limit=3 HTTP/1.1\r\nHost: localhost:" + std::to_string(port) + "\r\n\r\n",
      "POST /api/v1/sweeps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "22\r\n\r\n{\"name\": \"x\", \"axes\":{}}"};
  const std::string frames[] = {
      R"({"type":"hello","seq":0,"protocol":1,"worker":1,"device":"cpu:0","pid":1,"start_time":1,"build":"","grants":[]})"
      "\n",
      R"({"type":"done","seq":3,"grant":{"run":1,"fence":1},"result":{}})"
      "\n"};
  for (int i = 0; i < pieces; ++i) {
    Connection person(port), worker(world.state / "worker.sock");
    ASSERT_TRUE(person.open() && worker.open()) << "piece " << i << daemon->log();
    person.say(garbage(requests[random() % 2]));
    worker.say(garbage(frames[random() % 2]));
    person.hang_up(), worker.hang_up();
    if (random() % 4 == 0) person.hear();
  }
  expect_unharmed();
  std::cout << "0 of " << pieces << " pieces of garbage on each socket did any harm (seed 1)\n";
}

TEST_F(Hostile, ALineWithoutAnEndIsCutOff) {
  ASSERT_NE(daemon->port(), 0);
  const std::int64_t before = resident_bytes();
  Connection worker(world.state / "worker.sock");
  const std::string piece(1 << 20, 'x');
  int taken = 0;
  while (taken < 1024 && worker.say(piece)) ++taken;
  EXPECT_LT(taken, 16) << "MiB";
  expect_unharmed();
  EXPECT_LT(resident_bytes() - before, std::int64_t(64) << 20);
}

TEST_F(Hostile, ConnectionsThatAreResetLeaveNothingBehind) {
  const int port = daemon->port();
  expect_unharmed();
  const std::int64_t before = open_files();
  const int cycles = 500 * times(1);
  for (int i = 0; i < cycles; ++i) {
    Connection person(port);
    ASSERT_TRUE(person.open());
    person.reset_when_closed();
    const std::string host = "Host: localhost:" + std::to_string(port) + "\r\n";
    if (i % 3 == 0) person.say("GET /api/v1/runs HTTP/1.1\r\n" + host);                // in its head
    if (i % 3 == 1) person.say("GET /api/openapi.json HTTP/1.1\r\n" + host + "\r\n");  // before its answer
    if (i % 3 == 2) {                                                                  // in a stream
      person.say("GET /api/v1/events HTTP/1.1\r\n" + host + "\r\n");
      person.hear();
    }
  }
  constexpr std::int64_t kOpenedOnce = 8;  // at most: connections to the database, which are kept
  EXPECT_TRUE(World::wait_until([&] { return open_files() <= before + kOpenedOnce; }))
      << open_files() << " after " << before;
  expect_unharmed();
  std::cout << "0 of " << cycles << " connections that were reset left a descriptor behind\n";
}

TEST_F(Hostile, AWorkerThatFloodsIsHeardAndNothingGrows) {
  world.write_script(
      R"({"utterances": 3, "faults": [{"layers": 8, "language": "da", "lora": false, "attempts": 1, "do": "flood"}]})");
  ASSERT_EQ(world.submit(*daemon), 201);
  const std::int64_t before = resident_bytes();
  ASSERT_TRUE(World::wait_until([&] { return world.succeeded() == 24; })) << daemon->log();
  EXPECT_EQ(world.count("epoch"), 48);
  EXPECT_LT(resident_bytes() - before, std::int64_t(256) << 20);
  expect_unharmed();
}

}  // namespace
}  // namespace sweetspot::faults
