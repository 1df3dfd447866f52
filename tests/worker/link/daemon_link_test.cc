// The link against a daemon of a few lines, played by the test.
#include "worker/link/daemon_link.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>

#include "schemas/process_identity.h"

namespace sweetspot::worker {
namespace {

using namespace std::chrono_literals;

constexpr Grant kGrant{RunId{1}, Fence{10}};

// One accepted connection: reads frames, writes messages.
class Conversation {
 public:
  explicit Conversation(int descriptor) : descriptor_(descriptor) {}
  Conversation(const Conversation&) = delete;
  ~Conversation() { ::close(descriptor_); }

  void say(const DaemonMessage& message) {
    const std::string line = encode(message) + '\n';
    EXPECT_EQ(::send(descriptor_, line.data(), line.size(), MSG_NOSIGNAL), ssize_t(line.size()));
  }
  // The next frame; a default one when none comes within 10 s.
  WorkerFrame hear() {
    std::string line;
    pollfd readable{descriptor_, POLLIN, 0};
    for (char c = 0; ::poll(&readable, 1, 10'000) > 0 && ::recv(descriptor_, &c, 1, 0) == 1 && c != '\n';)
      line += c;
    auto frame = decode_worker_frame(line);
    EXPECT_TRUE(frame) << line;
    return frame ? *frame : WorkerFrame{};
  }
  template <class T>
  WorkerFrame hear() {
    WorkerFrame frame = hear();
    while (frame.message.index() != WorkerMessage(T{}).index()) {
      EXPECT_EQ(frame.seq, 0) << "only heartbeats and progress may be passed over";
      frame = hear();
    }
    return frame;
  }

 private:
  int descriptor_;
};

class DaemonLinkTest : public ::testing::Test {
 protected:
  DaemonLinkTest() {
    char name[] = "/tmp/sweetspot-link-XXXXXX";
    directory = ::mkdtemp(name);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    socket().native().copy(address.sun_path, sizeof address.sun_path - 1);
    listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listener, 8);
  }
  ~DaemonLinkTest() override {
    ::close(listener);
    std::filesystem::remove_all(directory);
  }

  std::filesystem::path socket() const { return directory / "worker.sock"; }
  LinkOptions options() const {
    return {.socket = socket(), .worker = WorkerId{3}, .device = "cpu:0", .build = "b"};
  }
  std::unique_ptr<Conversation> accept() {
    return std::make_unique<Conversation>(::accept(listener, nullptr, nullptr));
  }

  std::filesystem::path directory;
  int listener;
};

TEST_F(DaemonLinkTest, HelloTellsWhoItIs) {
  DaemonLink link(options());
  const auto hello = std::get<Hello>(accept()->hear().message);
  EXPECT_EQ(hello, (Hello{.worker = WorkerId{3},
                          .device = "cpu:0",
                          .pid = ::getpid(),
                          .start_time = process_start_time(::getpid()).value(),
                          .build = "b"}));
}

TEST_F(DaemonLinkTest, UnacknowledgedMessagesComeAgainAfterTheDaemonWasGone) {
  DaemonLink link(options());
  auto daemon = accept();
  daemon->hear();
  daemon->say(Welcome{});
  daemon->say(Start{{{.grant = kGrant, .directory = "/tmp"}}});
  ASSERT_TRUE(link.wait_for_start());
  link.send(Started{kGrant});
  link.send(EpochDone{kGrant, {.epoch = 1}});
  EXPECT_EQ(daemon->hear<Started>().seq, 1);
  EXPECT_EQ(daemon->hear<EpochDone>().seq, 2);
  daemon->say(Ack{1});
  daemon->say(Cancel{kGrant});  // when it is heard, so was the Ack before it
  while (!link.must_stop(kGrant)) std::this_thread::sleep_for(1ms);

  daemon = nullptr;
  daemon = accept();
  EXPECT_EQ(std::get<Hello>(daemon->hear().message).grants, std::vector{kGrant});
  daemon->say(Welcome{});
  EXPECT_EQ(daemon->hear<EpochDone>().seq, 2);
  link.send(Stopped{kGrant});
  EXPECT_EQ(daemon->hear<Stopped>().seq, 3);
  daemon->say(Ack{3});

  daemon = nullptr;
  EXPECT_TRUE(std::get<Hello>(accept()->hear().message).grants.empty()) << "its end is acknowledged";
}

TEST_F(DaemonLinkTest, NothingIsSaidBeforeTheWelcome) {
  DaemonLink link(options());
  auto daemon = accept();
  daemon->hear();
  std::this_thread::sleep_for(1200ms);  // longer than a heartbeat
  daemon->say(Welcome{});
  EXPECT_TRUE(std::holds_alternative<Heartbeat>(daemon->hear().message));
}

TEST_F(DaemonLinkTest, StaleGrantIsPutDownWithoutAWord) {
  DaemonLink link(options());
  auto daemon = accept();
  daemon->hear();
  daemon->say(Welcome{});
  daemon->say(Start{{{.grant = kGrant}}});
  ASSERT_TRUE(link.wait_for_start());
  daemon->say(Stale{kGrant});
  while (!link.must_stop(kGrant)) std::this_thread::sleep_for(1ms);
  link.send(Stopped{kGrant});
  EXPECT_TRUE(std::holds_alternative<Heartbeat>(daemon->hear().message));
}

TEST_F(DaemonLinkTest, ExitEndsTheWaitForWork) {
  DaemonLink link(options());
  auto daemon = accept();
  daemon->hear();
  daemon->say(Exit{"enough"});
  EXPECT_FALSE(link.wait_for_start());
  EXPECT_EQ(link.goodbye().code, 0);
  EXPECT_EQ(link.goodbye().reason, "enough");
}

TEST_F(DaemonLinkTest, AskedToEndItHandsBackWhatComesAndLeavesOnceThatIsKnown) {
  std::atomic<bool> asked = false;
  LinkOptions leaving = options();
  leaving.asked_to_end = &asked;
  DaemonLink link(leaving);
  auto daemon = accept();
  daemon->hear();
  daemon->say(Welcome{});
  asked = true;
  daemon->say(Start{{{.grant = kGrant, .directory = "/tmp"}}});
  const WorkerFrame stopped = daemon->hear<Stopped>();
  EXPECT_EQ(std::get<Stopped>(stopped.message).grant, kGrant);
  auto start = std::async(std::launch::async, [&] { return link.wait_for_start(); });
  EXPECT_EQ(start.wait_for(600ms), std::future_status::timeout) << "until the daemon has committed it";
  daemon->say(Ack{stopped.seq});
  EXPECT_FALSE(start.get());
  EXPECT_EQ(link.goodbye().code, 0);
}

TEST_F(DaemonLinkTest, AskedToEndWithoutADaemonItLeavesAtOnce) {
  std::atomic<bool> asked = true;
  LinkOptions leaving = options();
  leaving.asked_to_end = &asked;
  leaving.socket = directory / "nobody.sock";
  DaemonLink link(leaving);
  EXPECT_FALSE(link.wait_for_start());
  EXPECT_EQ(link.goodbye().code, 0);
}

TEST_F(DaemonLinkTest, GivesUpWhenNoDaemonComesBack) {
  LinkOptions alone = options();
  alone.socket = directory / "absent.sock";
  alone.give_up = 200ms;
  DaemonLink link(alone);
  EXPECT_FALSE(link.wait_for_start());
  EXPECT_EQ(link.goodbye().code, kDaemonLost);
}

}  // namespace
}  // namespace sweetspot::worker
