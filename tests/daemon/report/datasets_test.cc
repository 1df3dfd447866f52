#include "daemon/report/datasets.h"

#include <gtest/gtest.h>

#include "tests/daemon/report/cells.h"

namespace sweetspot::daemon {
namespace {

TEST(Datasets, GiveHoursAndWhyClipsWereLeftOut) {
  const std::vector<SplitUse> splits = {{.language = "da",
                                         .split = "test",
                                         .utterances = 20,
                                         .seconds = 5400,
                                         .skipped = 3,
                                         .reasons = {{"too_long", 2}, {"text_empty", 1}},
                                         .runs = 4}};
  const Report table = datasets_table(splits, std::vector{open_cell({}), done_cell({}, 1)});
  const auto& row = table.rows.at(0);
  EXPECT_DOUBLE_EQ(row["hours"].get<double>(), 1.5);
  EXPECT_EQ(row["why"], "text_empty 1, too_long 2");
  EXPECT_EQ(row["reasons"]["too_long"], 2);
  EXPECT_EQ(table.missing.size(), 1u);
}

}  // namespace
}  // namespace sweetspot::daemon
