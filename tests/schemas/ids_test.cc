#include "schemas/ids.h"

#include <gtest/gtest.h>

namespace sweetspot {
namespace {

TEST(Ids, AreShownWithTheirPrefixAndReadBack) {
  EXPECT_EQ(to_string(RunId{17}), "run_17");
  EXPECT_EQ(to_string(SweepId{3}), "sw_3");
  EXPECT_EQ(parse_id<RunTag>("run_17"), RunId{17});
  EXPECT_EQ(parse_id<RunTag>("17"), RunId{17});
  EXPECT_EQ(parse_id<WorkerTag>("wk_999999999999999999"), WorkerId{999999999999999999});
}

TEST(Ids, OfAnotherKindOrOfNothingAreRefused) {
  for (const char* text : {"", "run_", "sw_3", "run_0", "0", "-1", "run_-1", "1.0", "1 ", " 1", "+1", "0x1",
                           "run_run_1", "RUN_1", "9999999999999999999", "run_17\n"}) {
    EXPECT_FALSE(parse_id<RunTag>(text)) << '"' << text << '"';
  }
}

TEST(Ids, NoneIsFalse) {
  EXPECT_FALSE(RunId{});
  EXPECT_TRUE(RunId{1});
  EXPECT_LT(Fence{1}, Fence{2});
}

}  // namespace
}  // namespace sweetspot
