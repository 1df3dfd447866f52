#include "daemon/supervise/log_limit.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/daemon/temporary_directory.h"

namespace sweetspot::daemon {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(LogLimit, KeepsTheEndOfWhatGrewTooLongAndLetsItsWriterGoOn) {
  const TemporaryDirectory directory;
  const auto long_log = directory.path() / "wk_1.log", short_log = directory.path() / "wk_2.log";
  std::ofstream writer(long_log, std::ios::app);
  for (int i = 0; i < 1000; ++i) writer << "line " << i << "\n";
  writer.flush();
  std::ofstream(short_log) << "short\n";
  for (const auto& log : {long_log, short_log}) keep_log_short(log, {.most = 1000, .kept = 100});
  writer << "after\n" << std::flush;
  const std::string left = contents(long_log);
  EXPECT_LT(left.size(), 200u);
  EXPECT_TRUE(left.starts_with("[what stood before was cut off"));
  EXPECT_TRUE(left.ends_with("line 998\nline 999\nafter\n")) << left;
  EXPECT_NE(left.find("]\nline "), left.npos) << "it begins with a whole line: " << left;
  EXPECT_EQ(contents(short_log), "short\n");
}

TEST(LogLimit, LeavesWhatIsNoLogAlone) {
  const TemporaryDirectory directory;
  const auto elsewhere = directory.path() / "elsewhere";
  std::ofstream(elsewhere) << std::string(5000, 'x');
  std::filesystem::create_symlink(elsewhere, directory.path() / "wk_1.log");
  for (const char* name : {"wk_1.log", "none"})
    keep_log_short(directory.path() / name, {.most = 1000, .kept = 100});
  EXPECT_EQ(contents(elsewhere).size(), 5000u);
}

}  // namespace
}  // namespace sweetspot::daemon
