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
  EXPECT_NE(text.find("\\begin{tabular}{lrr}"), std::string::npos);
  EXPECT_NE(text.find("Encoder & Parameters & WER da (\\%) \\\\"), std::string::npos);
  EXPECT_NE(text.find("a|b\\_c, \"d\" & 1,234,567 & 12.35 \\\\"), std::string::npos);
  EXPECT_NE(text.find("e & -- & -- \\\\"), std::string::npos);
}

}  // namespace
}  // namespace sweetspot::daemon
