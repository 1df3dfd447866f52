#include "schemas/sha256.h"

#include <gtest/gtest.h>

#include <fstream>

namespace sweetspot {
namespace {

// Vectors of FIPS 180-2, appendix B.
TEST(Sha256, MatchesThePublishedVectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfAFileIsThatOfItsBytesAcrossBlocks) {
  const auto path = std::filesystem::temp_directory_path() / "sweetspot_sha256_test";
  for (std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 200000u}) {
    const std::string bytes(size, '\0');
    std::ofstream(path, std::ios::binary) << bytes;
    const auto sum = sha256_file(path);
    ASSERT_TRUE(sum) << size;
    EXPECT_EQ(*sum, sha256_hex(bytes)) << size;
  }
  std::filesystem::remove(path);
}

TEST(Sha256, OfAFileThatIsNotThereNamesIt) {
  const auto sum = sha256_file("/nowhere/utterances.jsonl");
  ASSERT_FALSE(sum);
  EXPECT_EQ(sum.error().code, "file_unreadable");
  EXPECT_NE(sum.error().message.find("/nowhere/utterances.jsonl"), std::string::npos);
}

TEST(Sha256, OfADirectoryIsAnError) { EXPECT_FALSE(sha256_file(std::filesystem::temp_directory_path())); }

}  // namespace
}  // namespace sweetspot
