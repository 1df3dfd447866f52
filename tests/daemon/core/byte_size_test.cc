#include "daemon/core/byte_size.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

TEST(Bytes, AreReadAsPeopleWriteThem) {
  const std::pair<const char*, std::int64_t> sizes[] = {{"0", 0},
                                                        {"4096", 4096},
                                                        {"20GiB", 20ll << 30},
                                                        {"500 MB", 500'000'000},
                                                        {"1.5tb", 1'500'000'000'000},
                                                        {"2k", 2000},
                                                        {"7B", 7}};
  for (const auto& [text, bytes] : sizes) EXPECT_EQ(parse_bytes(text).value(), bytes) << text;
}

TEST(Bytes, ThatMakeNoSenseAreRefusedWithAnExample) {
  for (const char* text : {"", "GiB", "-1GB", "20 parsecs", "1GBB", "1e30", "nan"}) {
    const auto size = parse_bytes(text);
    ASSERT_FALSE(size.ok()) << text;
    EXPECT_EQ(size.error().code, "bad_size");
    EXPECT_EQ(size.error().hint, "for example 20GiB, 500MB or 0");
  }
}

}  // namespace
}  // namespace sweetspot::daemon
