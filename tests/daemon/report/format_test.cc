#include "daemon/report/format.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

Report sample() {
  return {.name = "t",
          .definition = "What it is.",
          .columns = {{"encoder", "Encoder"},
                      {"params", "Parameters", ColumnKind::integer},
                      {"wer.da", "WER da", ColumnKind::ratio},
                      {"never", "Never"}},
          .rows = {{{"encoder", "a|b_c, \"d\""}, {"params", 1234567}, {"wer", {{"da", 0.12345}}}},
                   {{"encoder", "e"}, {"params", nullptr}, {"wer", {{"da", nullptr}}}}}};
}

TEST(Csv, KeepsEveryFigureAndQuotesWhatNeedsIt) {
  EXPECT_EQ(csv(sample()),
            "encoder,params,wer.da,never\r\n"
            "\"a|b_c, \"\"d\"\"\",1234567,0.12345,\r\n"
            "e,,,\r\n");
}

TEST(Markdown, ShowsPerCentAndThousandsAndDropsEmptyColumns) {
  EXPECT_EQ(markdown(sample()),
            "| Encoder | Parameters | WER da % |\n"
            "| --- | ---: | ---: |\n"
            "| a\\|b_c, \"d\" | 1,234,567 | 12.35 |\n"
            "| e |  |  |\n"
            "\nWhat it is.\n");
}

TEST(Latex, EscapesItsSpecialCharacters) {
  const std::string text = latex(sample());
  EXPECT_NE(text.find("\\begin{tabular}{lS[table-format=7.0]S[table-format=2.2]}"), std::string::npos)
      << text;
  EXPECT_NE(text.find("Encoder & {Parameters} & {WER da (\\%)} \\\\"), std::string::npos);
  EXPECT_NE(text.find("a|b\\_c, \"d\" & 1234567 & 12.35 \\\\"), std::string::npos);
  EXPECT_NE(text.find("e & {--} & {--} \\\\"), std::string::npos);
  EXPECT_EQ(text.find("% \\usepackage{booktabs,siunitx}"), 0u);
}

TEST(Latex, SetsTheBestInBold) {
  Report table = sample();
  table.columns[2].lowest_is_best = true;
  table.rows[1]["wer"]["da"] = -0.1;
  const std::string text = latex(table);
  EXPECT_NE(text.find("& \\bfseries -10.00 \\\\"), std::string::npos) << text;
  EXPECT_NE(text.find("& 12.35 \\\\"), std::string::npos);
  EXPECT_NE(text.find("S[table-format=-2.2]"), std::string::npos);
}

}  // namespace
}  // namespace sweetspot::daemon
