#include "worker/train/feature_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <future>

#include "tests/worker/speech/temporary_directory.h"
#include "worker/train/checksum.h"

namespace sweetspot::worker {
namespace {
namespace fs = std::filesystem;
using Wait = FeatureStore::Wait;
constexpr std::int64_t kRoom = 1 << 20;

FeatureStore::Clips some_clips(double value = 1, torch::ScalarType dtype = torch::kFloat32) {
  return {torch::full({30, 40}, value, dtype), torch::full({30, 40}, value + 0.5, dtype)};
}

class Store : public testing::Test {
 protected:
  FeatureStore open(std::int64_t cap = kRoom) const {
    return FeatureStore({folder.path() / "features", cap});
  }
  fs::path file(const std::string& name) const {
    return folder.path() / "features" / (name + ".safetensors");
  }
  void age(const std::string& name, int hours) const {
    fs::last_write_time(file(name), fs::file_time_type::clock::now() - std::chrono::hours(hours));
  }
  TemporaryDirectory folder;
};

TEST_F(Store, GivesBackWhatAnotherPutThere) {
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    auto writer = open(), reader = open();
    EXPECT_EQ(reader.find("a"), nullptr);
    ASSERT_TRUE(writer.put("a", some_clips(2, dtype)).ok());
    const auto* clips = reader.find("a");
    ASSERT_NE(clips, nullptr);
    ASSERT_EQ(clips->size(), 2u);
    EXPECT_TRUE(torch::equal((*clips)[1], some_clips(2, dtype)[1]));
    fs::remove(file("a"));
  }
}

TEST_F(Store, NeverUsesAFileWithAFlippedBit) {
  ASSERT_TRUE(open().put("a", some_clips()).ok());
  for (const std::int64_t from_end : {1, 4000, 9600}) {  // the last byte, the middle, the first of the data
    std::fstream stream(file("a"), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(-from_end, std::ios::end);
    const char byte = char(stream.get());
    const auto flip = [&](char to) {
      stream.seekp(-from_end, std::ios::end), stream.put(to), stream.flush();
    };
    flip(char(byte ^ 4));
    EXPECT_EQ(open().find("a"), nullptr) << from_end;
    flip(byte);
    EXPECT_NE(open().find("a"), nullptr);
  }
}

TEST_F(Store, NeverUsesAFileThatIsCutOrSaysAnotherName) {
  ASSERT_TRUE(open().put("a", some_clips()).ok());
  fs::copy(file("a"), file("b"));
  EXPECT_EQ(open().find("b"), nullptr);
  fs::resize_file(file("a"), fs::file_size(file("a")) - 1);
  EXPECT_EQ(open().find("a"), nullptr);
  EXPECT_TRUE(open().put("a", some_clips()).ok());
  EXPECT_NE(open().find("a"), nullptr);
}

TEST_F(Store, LetsTheFilesGoThatWereNotUsedLongest) {
  ASSERT_TRUE(open().put("a", some_clips()).ok());
  const auto each = std::int64_t(fs::file_size(file("a")));
  const auto cap = 3 * each + each / 2;
  for (const char* name : {"b", "c"}) ASSERT_TRUE(open(cap).put(name, some_clips()).ok());
  age("a", 3), age("b", 2), age("c", 1);
  EXPECT_NE(open(cap).find("a"), nullptr);  // used just now
  ASSERT_TRUE(open(cap).put("d", some_clips()).ok());
  EXPECT_FALSE(fs::exists(file("b")));
  for (const char* name : {"a", "c", "d"}) EXPECT_TRUE(fs::exists(file(name))) << name;
}

TEST_F(Store, KeepsWhatItHasGivenWhenTheFileGoes) {
  auto store = open();
  ASSERT_TRUE(store.put("a", some_clips(7)).ok());
  const auto clip = store.find("a")->front();
  fs::remove(file("a"));
  EXPECT_TRUE(torch::equal(clip, some_clips(7).front()));
}

TEST_F(Store, TakesNothingForAWhileAfterTheDiskWasFull) {
  auto store = open();
  EXPECT_TRUE(store.takes(kRoom));
  EXPECT_FALSE(store.takes(kRoom + 1));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit full = {16, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &full);
  const Status written = store.put("a", some_clips());
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, "file_unwritable");
  EXPECT_FALSE(store.takes(1));
  EXPECT_EQ(store.find("a"), nullptr);
  EXPECT_FALSE(fs::exists(file("a").string() + ".part"));
}

TEST_F(Store, GivesAClaimToOneAtATime) {
  auto one = open(), other = open();
  {
    const auto claim = one.claim("ab", Wait::no);
    ASSERT_TRUE(claim);
    EXPECT_FALSE(other.claim("ab", Wait::no));
    EXPECT_TRUE(other.claim("cd", Wait::no));
  }
  EXPECT_TRUE(other.claim("ab", Wait::no));
}

TEST_F(Store, TakesAClaimBackFromTheDead) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  auto store = open();
  const pid_t child = fork();
  if (child == 0) {
    const auto claim = open().claim("ab", Wait::no);
    const char said = claim ? 'y' : 'n';
    (void)!write(ready[1], &said, 1);
    alarm(60), pause();
  }
  char said = 0;
  ASSERT_EQ(read(ready[0], &said, 1), 1);
  ASSERT_EQ(said, 'y');
  EXPECT_FALSE(store.claim("ab", Wait::no));
  auto waiting = std::async(std::launch::async, [&] { return store.claim("ab", Wait::yes).has_value(); });
  kill(child, SIGKILL);
  EXPECT_TRUE(waiting.get());
  waitpid(child, nullptr, 0);
}

TEST(Checksum, ChangesWithEveryBitAndLength) {
  const std::string bytes(75, 'x');
  const auto whole = checksum(bytes);
  for (std::size_t i = 0; i < 8 * bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i / 8] = char(flipped[i / 8] ^ (1 << i % 8));
    EXPECT_NE(checksum(flipped), whole) << i;
  }
  EXPECT_NE(checksum(bytes.substr(1)), whole);
  EXPECT_NE(checksum(std::string(75, '\0')), checksum(std::string(74, '\0')));
}

}  // namespace
}  // namespace sweetspot::worker
