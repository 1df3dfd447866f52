// A process that ends, or whose disk fails, in any call of writing a checkpoint.
#include "worker/train/resume_point.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <torch/torch.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

#include "tests/worker/speech/temporary_directory.h"

namespace sweetspot::worker {
namespace {

namespace fs = std::filesystem;

ResumePoint point(int number) {
  return {.state = {{"number", number}}, .tensors = {{"weights", torch::full({1000}, double(number))}}};
}

// Two checkpoints, by this program started anew with a variable that names the attempt; its exit code says
// which were reported as written.
constexpr const char* kAttempt = "SWEETSPOT_WRITE_TWO_CHECKPOINTS";
[[maybe_unused]] const bool is_the_test = [] {
  const char* attempt = std::getenv(kAttempt);
  if (!attempt) return true;
  ResumePoints points(attempt, {.free_bytes = 0});
  const bool first = points.save(point(1)).ok(), second = points.save(point(2)).ok();
  std::_Exit(first + 2 * second);
}();

class ResumePointFaults : public testing::Test {
 protected:
  void SetUp() override {
#ifndef FAULTIO_LIBRARY
    GTEST_SKIP() << "built without the daemon's fault tools";
#else
    library = FAULTIO_LIBRARY;
#endif
  }
  // Writes two with one call spoiled ("" and 0: none), and returns the exit code.
  int write_two(const fs::path& attempt, const std::string& how = "", std::int64_t call = 0) const {
    std::ofstream(count_file, std::ios::binary) << std::string(16, '\0');
    const std::map<std::string, std::string> environment = {{kAttempt, attempt},
                                                            {"LD_PRELOAD", library},
                                                            {"FAULTIO_PATH", "checkpoints"},
                                                            {"FAULTIO_COUNT", count_file},
                                                            {how, std::to_string(call)}};
    std::string command;
    for (const auto& [name, value] : environment)
      if (!name.empty()) command += name + "='" + value + "' ";
    const int status = std::system((command + fs::read_symlink("/proc/self/exe").string()).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::int64_t count(int which) const {  // 0: calls, 1: those that were spoiled
    std::int64_t counts[2] = {};
    std::ifstream(count_file, std::ios::binary).read(reinterpret_cast<char*>(counts), sizeof counts);
    return counts[which];
  }
  // How many calls writing two takes.
  std::int64_t calls() const {
    EXPECT_EQ(write_two(directory.path() / "whole"), 3);
    return count(0);
  }
  // The number of the newest one that is whole; 0: none is.
  static int newest(const fs::path& attempt) {
    const auto found = ResumePoints().newest(std::vector{attempt});
    if (!found.point) return 0;
    const int number = found.point->state.at("number");
    EXPECT_EQ(found.point->tensors.at(0).second.sum().item<double>(), 1000.0 * number);
    return number;
  }

  std::string library;
  const TemporaryDirectory directory;
  const fs::path count_file = directory.path() / "count";
};

TEST_F(ResumePointFaults, ACheckpointIsWholeOrNotThereWhereverItsProcessEnded) {
  const std::int64_t points = calls();
  ASSERT_GT(points, 20);
  int last = 0, harmed = 0;
  for (std::int64_t call = 1; call <= points; ++call) {
    const fs::path attempt = directory.path() / std::to_string(call);
    EXPECT_EQ(write_two(attempt, "FAULTIO_EXIT", call), 137);
    EXPECT_EQ(count(1), 1) << "call " << call << " did not end it";
    const int number = newest(attempt);
    harmed += number < last;
    EXPECT_GE(number, last) << "at call " << call << " an older one was lost";
    last = number;
  }
  EXPECT_EQ(last, 2);
  std::cout << harmed << " of " << points << " exits inside two checkpoints (all calls) lost an older one\n";
}

TEST_F(ResumePointFaults, WhatIsReportedAsWrittenIsThereWhateverFailed) {
  const std::int64_t points = calls();
  int harmed = 0;
  for (std::int64_t call = 1; call <= points; ++call) {
    const fs::path attempt = directory.path() / std::to_string(call);
    const int reported = write_two(attempt, "FAULTIO_ERROR", call);
    EXPECT_EQ(count(1), 1) << "call " << call << " did not fail";
    const int wanted = reported & 2 ? 2 : reported & 1, found = newest(attempt);
    harmed += found < wanted;
    EXPECT_GE(found, wanted) << "call " << call << ", reported: " << reported;
    EXPECT_NE(reported, 0) << "one failed call cost both checkpoints: " << call;
  }
  std::cout << harmed << " of " << points
            << " failed calls inside two checkpoints lost what was reported as written\n";
}

}  // namespace
}  // namespace sweetspot::worker
