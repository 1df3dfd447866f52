#include "daemon/supervise/process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "schemas/process_identity.h"
#include "tests/daemon/temporary_directory.h"

namespace sweetspot::daemon {
namespace {

class ProcessTest : public ::testing::Test {
 protected:
  Result<Process> shell(const std::string& script) {
    return Process::spawn(context, {.program = "/bin/sh", .arguments = {"-c", script}, .log = log});
  }

  void end_of(Process& process, std::optional<ProcessEnd>& end) {
    asio::co_spawn(context, process.wait(), [&end](std::exception_ptr, ProcessEnd e) { end = std::move(e); });
  }
  ProcessEnd wait(Process& process) {
    std::optional<ProcessEnd> end;
    end_of(process, end);
    context.restart();
    while (!end) context.run_one();
    return *end;
  }
  int code(const std::string& script) {
    auto process = shell(script);
    return std::get<ExitedWith>(wait(*process)).code;
  }

  pid_t child_pid() {
    pid_t child = 0;
    while (child == 0) std::ifstream(directory.path() / "child") >> child;
    return child;
  }
  // An orphan is reaped by init, which not every container has: a zombie is dead enough.
  static void expect_gone(pid_t child) {
    std::string text;
    for (int i = 0; i < 100; ++i, ::usleep(20'000)) {
      std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
      text.assign(std::istreambuf_iterator<char>(stat), {});
      if (text.empty() || text.find(") Z ") != std::string::npos) return;
    }
    ADD_FAILURE() << text;
  }

  std::string logged() {
    std::ifstream file(log);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryDirectory directory;
  std::filesystem::path log = directory.path() / "log";
  const std::string with_a_child = "sleep 30 & echo $! > " + (directory.path() / "child").string();
  asio::io_context context;
};

TEST_F(ProcessTest, ExitCodeIsSeen) {
  EXPECT_EQ(code("exit 0"), 0);
  EXPECT_EQ(code("exit 7"), 7);
}

TEST_F(ProcessTest, SignalIsSeen) {
  auto process = shell("kill -SEGV $$");
  EXPECT_EQ(std::get<KilledBy>(wait(*process)).signal, SIGSEGV);
}

TEST_F(ProcessTest, MissingProgramIsAnErrorWithAHint) {
  auto process = Process::spawn(context, {.program = directory.path() / "absent", .log = log});
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, "worker_start");
  EXPECT_FALSE(process.error().hint.empty());
}

TEST_F(ProcessTest, EveryOneOfManyQuickExitsIsSeen) {
  constexpr int kCount = 200;
  std::vector<Process> processes;
  std::vector<std::optional<ProcessEnd>> ends(kCount);
  processes.reserve(kCount);
  for (int i = 0; i < kCount; ++i) {
    processes.push_back(shell("exit " + std::to_string(i % 100)).value());
    end_of(processes.back(), ends[i]);
    context.restart();
    context.poll();
  }
  context.restart();
  context.run_for(std::chrono::seconds(50));
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(ends[i]) << i;
    EXPECT_EQ(std::get<ExitedWith>(*ends[i]).code, i % 100);
  }
}

TEST_F(ProcessTest, OutputIsAppendedToTheLog) {
  code("echo one; echo two >&2");
  code("echo three");
  EXPECT_EQ(logged(), "one\ntwo\nthree\n");
}

TEST_F(ProcessTest, NoDescriptorAndNoSecretIsHandedOn) {
  ::setenv("SWEETSPOT_TEST_SECRET", "hidden", 1);
  ::setenv("CUDA_TEST", "shown", 1);
  const int leaked = ::dup(0);  // without close-on-exec
  code("ls /proc/self/fd | wc -l; env");
  ::close(leaked);
  EXPECT_EQ(logged().substr(0, 2), "4\n") << "0, 1, 2 and the directory that ls reads:\n" << logged();
  EXPECT_EQ(logged().find("hidden"), std::string::npos);
  EXPECT_NE(logged().find("CUDA_TEST=shown"), std::string::npos);
}

TEST_F(ProcessTest, VariablesOfItsOwnAreHandedOn) {
  auto process = Process::spawn(
      context,
      {.program = "/bin/sh", .arguments = {"-c", "echo $GIVEN"}, .log = log, .environment = {"GIVEN=yes"}});
  wait(*process);
  EXPECT_EQ(logged(), "yes\n");
}

TEST_F(ProcessTest, RunsInASessionOfItsOwn) {
  auto process = shell("sleep 30");
  EXPECT_EQ(::getsid(process->pid()), process->pid());
  process->signal(SIGKILL);
  wait(*process);
}

TEST_F(ProcessTest, WholeGroupIsSignalled) {
  auto process = shell(with_a_child + "; wait");
  const pid_t child = child_pid();
  process->signal(SIGTERM);
  wait(*process);
  expect_gone(child);
}

TEST_F(ProcessTest, WhatItStartedEndsWithIt) {
  for (const char* end : {"exit 3", "kill -KILL $$"}) {
    std::filesystem::remove(directory.path() / "child");
    auto process = shell(with_a_child + "; " + end);
    wait(*process);
    expect_gone(child_pid());
  }
}

TEST_F(ProcessTest, ForeignProcessIsKnownByItsStartTime) {
  const auto pid_file = directory.path() / "stranger";  // a child's child, so its end is not ours to learn
  auto parent = shell("sleep 30 & echo $! > " + pid_file.string() + "; wait");
  pid_t stranger = 0;
  while (stranger == 0) std::ifstream(pid_file) >> stranger;
  const auto start_time = process_start_time(stranger).value();
  EXPECT_EQ(Process::attach(context, stranger, start_time + 1).error().code, "process_gone");
  auto attached = Process::attach(context, stranger, start_time);
  ASSERT_TRUE(attached);
  EXPECT_TRUE(attached->alive());
  attached->signal(SIGKILL);  // leads no group: the process alone is hit
  EXPECT_EQ(std::get<ExitedWith>(wait(*attached)).code, -1);
  EXPECT_FALSE(attached->alive());
  wait(*parent);
  EXPECT_FALSE(Process::attach(context, stranger, start_time));
}

TEST_F(ProcessTest, ChildOfTheProgramInWhosePlaceWeAreIsReaped) {
  const pid_t child = ::fork();
  if (child == 0) ::pause(), ::_exit(0);
  auto attached = Process::attach(context, child, process_start_time(child).value());
  ASSERT_TRUE(attached);
  attached->signal(SIGKILL);
  EXPECT_EQ(std::get<KilledBy>(wait(*attached)).signal, SIGKILL);
  EXPECT_EQ(::waitpid(child, nullptr, WNOHANG), -1) << "no zombie is left";
}

TEST(ProcessIdentity, StartTimeOfThisProcessIsStable) {
  EXPECT_EQ(process_start_time(::getpid()), process_start_time(::getpid()));
  EXPECT_GT(process_start_time(::getpid()).value(), 0);
  EXPECT_EQ(process_start_time(0), std::nullopt);
  EXPECT_EQ(boot_id().size(), 36u);
}

TEST(ProcessIdentity, IsToldOfAProcessThatEndsMeanwhileWithoutThrowing) {
  int alive = 0, gone = 0;
  for (int i = 0; i < 300; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    std::jthread reaper([&] { ::waitpid(child, nullptr, 0); });
    while (process_start_time(child)) ++alive;
    ++gone;
  }
  EXPECT_EQ(gone, 300);
  EXPECT_GT(alive, 0);
}

}  // namespace
}  // namespace sweetspot::daemon
