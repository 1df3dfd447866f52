#include "daemon/http/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <iostream>
#include <thread>

#include "tests/chances.h"
#include "tests/daemon/temporary_directory.h"

namespace sweetspot::daemon {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() {
    fs::create_directories(root / "runs");
    std::ofstream(root / "runs" / "a.txt") << "inside";
    std::ofstream(directory.path() / "secret") << "secret";
  }
  std::string read(const fs::path& name) const {
    const auto file = open_beneath(root, name);
    return file ? file->read(0, 100) : "nothing";
  }

  TemporaryDirectory directory;
  const fs::path root = directory.path() / "root";
};

TEST_F(Files, AreRegularOnesBelowTheirRoot) {
  EXPECT_EQ(read("runs/a.txt"), "inside");
  ASSERT_EQ(::mkfifo((root / "pipe").c_str(), 0600), 0);
  fs::create_symlink("/dev/zero", root / "zero");
  fs::create_symlink("runs", root / "inner");
  for (const char* name : {"runs", "pipe", "zero", "inner/a.txt", "../secret", "runs/../../secret", "runs/..",
                           "/etc/passwd", "", ".", "none", "runs/a.txt/b"})
    EXPECT_EQ(read(name), "nothing") << name;
}

// A directory and a file take turns with links that lead out, as fast as they can.
TEST_F(Files, AreNeverThoseThatALinkNamesHoweverQuicklyItIsPutThere) {
  fs::create_directories(root / "other");
  fs::create_symlink(directory.path(), root / "link");
  fs::create_symlink(directory.path() / "secret", root / "runs" / "link");
  std::ofstream(root / "runs" / "secret") << "inside";
  std::atomic<bool> ended = false;
  std::atomic<std::int64_t> swaps = 0;
  std::jthread swapping([&] {
    const auto swap = [](const fs::path& one, const fs::path& other) {
      return ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0;
    };
    while (!ended)
      swaps += swap(root / "runs", root / "link") + swap(root / "runs" / "link", root / "runs" / "secret");
  });
  std::int64_t inside = 0, nothing = 0, outside = 0, tried = 0;
  for (; tried < 20'000 * times(1) || inside == 0 || nothing == 0; ++tried) {
    const std::string bytes = read("runs/secret");
    bytes == "inside" ? ++inside : bytes == "nothing" ? ++nothing : ++outside;
  }
  ended = true;
  swapping.join();
  std::cout << outside << " of " << tried << " openings followed a link that was swapped in (" << swaps
            << " swaps, " << nothing << " refused)\n";
  EXPECT_EQ(outside, 0);
  EXPECT_GT(swaps, 0);
}

}  // namespace
}  // namespace sweetspot::daemon
