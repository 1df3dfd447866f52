// The supervisor with hand-made clients, and with the real client in a process of its own.
#include "daemon/supervise/supervisor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "schemas/process_identity.h"
#include "tests/daemon/temporary_directory.h"
#include "worker/link/line_socket.h"

namespace sweetspot::daemon {
namespace {

using namespace std::chrono_literals;

class SupervisorTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(supervisor.listen()); }
  void TearDown() override {
    supervisor.stop();
    for (WorkerId worker : launched) supervisor.kill(worker, "the test is over");
    for (WorkerId worker : launched) wait_for<WorkerEnded>(worker);
  }

  // Runs the loop until `done`, for at most 20 s.
  template <class Done>
  bool run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    bool reached = done();
    while (!reached && std::chrono::steady_clock::now() < deadline) {
      context.restart();
      context.run_one_for(20ms);
      reached = done();
    }
    return reached;
  }

  template <class T>
  static WorkerId worker_in(const T& event) {
    if constexpr (requires { event.hello; }) return event.hello.worker;
    else return event.worker;
  }
  template <class T>
  std::optional<T> wait_for(WorkerId worker) {
    std::optional<T> found;
    run_until([&] {
      for (const Event& event : events) {
        const auto* wanted = std::get_if<T>(&event);
        if (wanted && worker_in(*wanted) == worker) found = *wanted;
      }
      return found.has_value();
    });
    return found;
  }

  worker::LineSocket client() {
    return worker::LineSocket::connect(directory.path() / "worker.sock").value();
  }
  static std::string hello(WorkerId worker) {
    return encode(WorkerFrame{0, Hello{.worker = worker,
                                       .device = "cpu:0",
                                       .pid = ::getpid(),
                                       .start_time = process_start_time(::getpid()).value()}});
  }
  void say(worker::LineSocket& socket, const std::string& line) {
    socket.write_line(line);
    run_until([&] { return socket.flush() && !socket.has_more_to_write(); });
  }
  // The next message that the daemon sends; nullopt: it hung up.
  std::optional<DaemonMessage> hear(worker::LineSocket& socket) {
    std::optional<std::string> line;
    bool open = true;
    run_until([&] {
      if (open) open = socket.receive();
      line = socket.next_line();
      return line || !open;
    });
    return line ? std::optional(decode_daemon_message(*line).value()) : std::nullopt;
  }

  void launch(WorkerId worker) {
    launched.push_back(worker);
    supervisor.launch(worker, "cpu:0", 1);
  }

  TemporaryDirectory directory;
  asio::io_context context;
  std::vector<Event> events;
  std::vector<std::string> logged;
  std::vector<WorkerId> launched;
  Supervisor supervisor{context,
                        {.state_directory = directory.path(),
                         .worker_binary = FAKE_WORKER,
                         .grace = 2s,
                         .log = [this](const std::string& line) { logged.push_back(line); }},
                        [this](Event event) { events.push_back(std::move(event)); }};
};

constexpr WorkerId kOne{1}, kTwo{2};

TEST_F(SupervisorTest, SocketIsOurs) {
  struct stat info {};
  ASSERT_EQ(::stat((directory.path() / "worker.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SupervisorTest, StaleSocketIsReplacedAndAnythingElseIsNot) {
  Supervisor next(context, {.state_directory = directory.path(), .log = [](const std::string&) {}},
                  [](Event) {});
  EXPECT_TRUE(next.listen());
  std::filesystem::remove(directory.path() / "worker.sock");
  std::filesystem::create_directory(directory.path() / "worker.sock");
  EXPECT_EQ(next.listen().error().code, "worker_socket");
}

TEST_F(SupervisorTest, PathTooLongForASocketIsExplained) {
  Supervisor deep(context, {.state_directory = directory.path() / std::string(120, 'd'), .log = {}},
                  [](Event) {});
  const Status listening = deep.listen();
  ASSERT_FALSE(listening);
  EXPECT_NE(listening.error().hint.find("--state"), std::string::npos);
}

TEST_F(SupervisorTest, NothingIsHeardBeforeTheHelloIsAnswered) {
  auto socket = client();
  say(socket, hello(kOne));
  say(socket, encode(WorkerFrame{1, Started{{RunId{1}, Fence{1}}}}));
  ASSERT_TRUE(wait_for<WorkerConnected>(kOne));
  context.run_for(100ms);
  EXPECT_EQ(events.size(), 1u);
  supervisor.send(kOne, Welcome{});
  EXPECT_TRUE(std::holds_alternative<Welcome>(hear(socket).value()));
  const auto said = wait_for<WorkerSaid>(kOne);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->frame, (WorkerFrame{1, Started{{RunId{1}, Fence{1}}}}));
}

// So that one commit stores all of it.
TEST_F(SupervisorTest, WhatComesTogetherIsHeardInOneTurn) {
  auto socket = client();
  say(socket, hello(kOne));
  ASSERT_TRUE(wait_for<WorkerConnected>(kOne));
  supervisor.send(kOne, Welcome{});
  ASSERT_TRUE(hear(socket));
  events.clear();
  for (int step = 0; step < 3; ++step) socket.write_line(encode(WorkerFrame{0, Heartbeat{step}}));
  ASSERT_TRUE(socket.flush());
  ASSERT_TRUE(run_until([&] { return !events.empty(); }));
  EXPECT_EQ(events.size(), 3u);
}

TEST_F(SupervisorTest, RefusedNewcomerIsToldWhyAndTheFirstOneStays) {
  auto first = client(), second = client();
  say(first, hello(kOne));
  ASSERT_TRUE(wait_for<WorkerConnected>(kOne));
  supervisor.send(kOne, Welcome{});
  ASSERT_TRUE(hear(first));
  events.clear();
  say(second, hello(kOne));
  ASSERT_TRUE(wait_for<WorkerConnected>(kOne));
  supervisor.refuse(kOne, "connected already");
  EXPECT_EQ(std::get<Exit>(hear(second).value()).reason, "connected already");
  EXPECT_FALSE(hear(second)) << "it is closed";
  supervisor.send(kOne, Ack{3});
  EXPECT_EQ(std::get<Ack>(hear(first).value()).seq, 3);
}

TEST_F(SupervisorTest, ClosedConnectionIsReported) {
  {
    auto socket = client();
    say(socket, hello(kOne));
    ASSERT_TRUE(wait_for<WorkerConnected>(kOne));
    supervisor.send(kOne, Welcome{});
    ASSERT_TRUE(hear(socket));
  }
  EXPECT_TRUE(wait_for<WorkerDisconnected>(kOne));
}

TEST_F(SupervisorTest, WhoBeginsWithoutHelloIsTurnedAway) {
  for (const std::string& line : {std::string("what is this?"), std::string("{}"),
                                  encode(WorkerFrame{0, Heartbeat{}}), std::string(2 << 20, 'x')}) {
    auto socket = client();
    socket.write_line(line);
    run_until([&] { return !socket.flush() || !socket.has_more_to_write(); });
    const auto answer = hear(socket);
    EXPECT_TRUE(!answer || std::holds_alternative<Exit>(*answer)) << line.substr(0, 50);
  }
  EXPECT_TRUE(events.empty());
  EXPECT_EQ(logged.size(), 4u);
}

TEST_F(SupervisorTest, ForeignProtocolVersionIsTurnedAway) {
  auto socket = client();
  say(socket, encode(WorkerFrame{0, Hello{.protocol = kProtocolVersion + 1, .worker = kOne}}));
  EXPECT_TRUE(std::holds_alternative<Exit>(hear(socket).value()));
}

TEST_F(SupervisorTest, MissingWorkerProgramIsAnEnd) {
  Supervisor broken(
      context,
      {.state_directory = directory.path(), .worker_binary = "/absent", .log = [](const std::string&) {}},
      [this](Event event) { events.push_back(std::move(event)); });
  broken.launch(kTwo, "cpu:0", 1);
  EXPECT_TRUE(events.empty()) << "never from inside a call";
  const auto ended = wait_for<WorkerEnded>(kTwo);
  ASSERT_TRUE(ended);
  EXPECT_EQ(std::get<CouldNotStart>(ended->end).error.code, "worker_start");
}

TEST_F(SupervisorTest, LaunchedWorkerSaysHelloAndExitsWhenTold) {
  launch(kTwo);
  const auto connected = wait_for<WorkerConnected>(kTwo);
  ASSERT_TRUE(connected);
  EXPECT_EQ(connected->hello.device, "cpu:0");
  EXPECT_EQ(process_start_time(connected->hello.pid), connected->hello.start_time);
  supervisor.send(kTwo, Welcome{});
  supervisor.send(kTwo, Exit{"enough"});
  EXPECT_EQ(std::get<ExitedWith>(wait_for<WorkerEnded>(kTwo)->end).code, 0);
  launched.clear();
}

TEST_F(SupervisorTest, WorkerThatTalksNonsenseIsEnded) {
  launch(kTwo);  // the process that the nonsense is held against
  ASSERT_TRUE(wait_for<WorkerConnected>(kTwo));
  supervisor.refuse(kTwo, "");  // gives its place to us
  auto socket = client();
  events.clear();
  say(socket, hello(kTwo));
  ASSERT_TRUE(wait_for<WorkerConnected>(kTwo));
  supervisor.send(kTwo, Welcome{});
  say(socket, "nonsense");
  EXPECT_TRUE(wait_for<WorkerDisconnected>(kTwo));
  EXPECT_TRUE(wait_for<WorkerEnded>(kTwo));
  launched.clear();
}

TEST_F(SupervisorTest, KillGoesFromTermToKill) {
  const auto stubborn = directory.path() / "stubborn";
  std::ofstream(stubborn) << "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.1; done\n";
  std::filesystem::permissions(stubborn, std::filesystem::perms::owner_all);
  Supervisor other(context,
                   {.state_directory = directory.path(),
                    .worker_binary = stubborn,
                    .grace = 1s,
                    .log = [](const std::string&) {}},
                   [this](Event event) { events.push_back(std::move(event)); });
  other.launch(kTwo, "cpu:0", 1);
  context.run_for(200ms);
  other.kill(kTwo, "test");
  EXPECT_EQ(std::get<KilledBy>(wait_for<WorkerEnded>(kTwo)->end).signal, SIGKILL);
}

TEST_F(SupervisorTest, AdoptedProcessIsWatchedAndReachable) {
  launch(kTwo);
  const Hello hello = wait_for<WorkerConnected>(kTwo)->hello;
  Supervisor next(context,
                  {.state_directory = directory.path(), .grace = 2s, .log = [](const std::string&) {}},
                  [this](Event event) { events.push_back(std::move(event)); });
  events.clear();
  next.adopt({kTwo, "cpu:0", hello.pid, hello.start_time, boot_id()});
  context.run_for(50ms);
  EXPECT_TRUE(events.empty());
  next.kill(kTwo, "test");
  ASSERT_TRUE(run_until([&] { return events.size() >= 2; })) << "the parent and the adopter both see it end";
  launched.clear();
}

TEST_F(SupervisorTest, ProcessOfAnotherTimeOrBootIsGoneAtOnce) {
  const auto start = process_start_time(::getpid()).value();
  supervisor.adopt({kOne, "cpu:0", ::getpid(), start + 1, boot_id()});
  EXPECT_TRUE(wait_for<WorkerEnded>(kOne));
  events.clear();
  supervisor.adopt({kOne, "cpu:0", ::getpid(), start, "another boot"});
  EXPECT_TRUE(wait_for<WorkerEnded>(kOne));
  events.clear();
  supervisor.adopt({kOne, "cpu:0", 0, 0, boot_id()});
  EXPECT_TRUE(wait_for<WorkerEnded>(kOne));
}

}  // namespace
}  // namespace sweetspot::daemon
