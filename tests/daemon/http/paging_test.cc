#include "daemon/http/paging.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

TEST(Cursor, SurvivesTheJourney) {
  for (const nlohmann::json& key :
       {nlohmann::json(0.1234567890123456789), nlohmann::json(42), nlohmann::json("2026-01-01")}) {
    const auto back = decode_cursor("wer", encode_cursor("wer", {key, 17}));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->key, key);
    EXPECT_EQ(back->id, 17);
  }
}

TEST(Cursor, IsPlainInAUrl) {
  const std::string cursor = encode_cursor("-ended_at", {std::string("\xff\xfe~~?>", 6), 1});
  EXPECT_EQ(cursor.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            cursor.npos);
}

TEST(Cursor, BelongsToItsSort) { EXPECT_FALSE(decode_cursor("layers", encode_cursor("wer", {1, 1}))); }

TEST(Cursor, ThatWasMadeUpIsRefused) {
  for (const char* text :
       {"", "!!!", "AAAA", "W10", "WyJ3ZXIiLG51bGwsMV0", "WyJ3ZXIiLDEsIngiXQ", "WyJ3ZXIiLFsxXSwxXQ"})
    EXPECT_FALSE(decode_cursor("wer", text)) << text;
}

TEST(Base64Url, CodesEveryLength) {
  EXPECT_EQ(base64url(""), "");
  EXPECT_EQ(base64url("f"), "Zg");
  EXPECT_EQ(base64url("fo"), "Zm8");
  EXPECT_EQ(base64url("foo"), "Zm9v");
  EXPECT_EQ(base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(from_base64url("Zm9vYmE"), "fooba");
}

TEST(Thinning, KeepsBothEndsTheExtremesAndTheOrder) {
  std::vector<Point> points;
  for (int step = 0; step < 10'000; ++step) points.emplace_back(step, 1.0);
  points[1234].second = 99;
  points[5678].second = -99;
  points[7000].second = std::nullopt;
  const auto kept = thinned(points, 100);
  EXPECT_LE(kept.size(), 100u);
  EXPECT_EQ(kept.front(), points.front());
  EXPECT_EQ(kept.back(), points.back());
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end(),
                             [](const Point& a, const Point& b) { return a.first < b.first; }));
  EXPECT_NE(std::find(kept.begin(), kept.end(), points[1234]), kept.end());
  EXPECT_NE(std::find(kept.begin(), kept.end(), points[5678]), kept.end());
  EXPECT_NE(std::find(kept.begin(), kept.end(), points[7000]), kept.end());
  EXPECT_EQ(thinned(points, 10'000).size(), 10'000u);
}

}  // namespace
}  // namespace sweetspot::daemon
