#include "worker/decode/hypotheses.h"

#include <gtest/gtest.h>

namespace sweetspot::worker {
namespace {

const std::vector<std::int64_t> kEnds = {0};

TEST(Hypotheses, OneBeamIsGreedySearch) {
  Hypotheses one(1);
  const BeamOptions options = {.beam = 1};
  one.advance({{.score = 0, .beam = 0, .token = 7}}, kEnds, options);
  ASSERT_TRUE(one.open());
  EXPECT_EQ(one.last_token(0), 7);
  one.advance({{.score = 0, .beam = 0, .token = 0}}, kEnds, options);
  EXPECT_FALSE(one.open());
  EXPECT_EQ(one.answer(), (TokenIds{7, 0}));
}

TEST(Hypotheses, BeginWithOneBeamThatCounts) {
  const Hypotheses two(2);
  EXPECT_EQ(two.score(0), 0);
  EXPECT_LT(two.score(1), -1e8);
}

TEST(Hypotheses, AnEndThatIsNotAmongTheBestIsLost) {
  Hypotheses two(2);
  two.advance({{-1, 0, 5}, {-2, 0, 6}, {-3, 0, 0}, {-4, 0, 8}}, kEnds, {.beam = 2});
  two.advance({{-2, 1, 0}, {-3, 0, 7}, {-4, 1, 8}}, kEnds, {.beam = 2});
  EXPECT_EQ(two.parent(0), 0);
  EXPECT_EQ(two.parent(1), 1);
  EXPECT_EQ(two.answer(), (TokenIds{6, 0})) << "it ended among the best";
}

// The score of an end is divided by its length; one that goes on must beat the worst of the ends.
TEST(Hypotheses, CloseWhenNoneThatGoesOnCouldBeBetter) {
  Hypotheses two(2);
  const BeamOptions options = {.beam = 2};
  two.advance({{-1, 0, 0}, {-1.5, 0, 5}, {-8, 0, 6}}, kEnds, options);
  EXPECT_TRUE(two.open()) << "one has ended, of two";
  two.advance({{-1.6, 0, 0}, {-9, 0, 7}, {-9, 1, 7}}, kEnds, options);
  EXPECT_FALSE(two.open());
  EXPECT_EQ(two.answer(), (TokenIds{5, 0})) << "-1.6 over two tokens is better than -1 over one";
}

TEST(Hypotheses, EndAtTheLongestLength) {
  Hypotheses two(2);
  two.advance({{-1, 0, 5}, {-2, 0, 6}}, kEnds, {.beam = 2, .max_new_tokens = 1});
  EXPECT_FALSE(two.open());
  EXPECT_EQ(two.answer(), TokenIds{5});
}

}  // namespace
}  // namespace sweetspot::worker
