#include "daemon/client/table.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "daemon/client/tables.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

const Table kTable{{{"encoder"}, {"WER", Align::right}}, {{"small", "9.5"}, {"væsentlig", "12.25"}}};

TEST(Table, AlignsColumnsByWhatIsSeen) {
  EXPECT_EQ(render(kTable, Format::table),
            "encoder      WER\n"
            "small        9.5\n"
            "væsentlig  12.25\n");
}

TEST(Table, ShowsNothingThatATerminalWouldObey) {
  const Table table{{{"name"}}, {{"\x1b[31mred\x7f"}, {"a\u009bb\nc"}, {"æ\u00a0ø"}}};
  EXPECT_EQ(render(table, Format::table), "name\n\uFFFD[31mred\uFFFD\na\uFFFDb\uFFFDc\næ\u00a0ø\n");
}

TEST(Table, QuotesCsvFieldsThatNeedIt) {
  const Table table{{{"a"}, {"b"}}, {{"x,y", "say \"hi\""}, {"", "plain"}}};
  EXPECT_EQ(render(table, Format::csv), "a,b\n\"x,y\",\"say \"\"hi\"\"\"\n,plain\n");
}

TEST(Table, WritesMarkdownWithAlignments) {
  const Table table{{{"a"}, {"n", Align::right}}, {{"x|y", "1"}}};
  EXPECT_EQ(render(table, Format::md), "| a | n |\n|---|---:|\n| x\\|y | 1 |\n");
}

TEST(Table, EscapesLatex) {
  const Table table{{{"a_b"}, {"n", Align::right}}, {{"50 %", "~1"}}};
  EXPECT_EQ(render(table, Format::latex),
            "\\begin{tabular}{lr}\n\\toprule\na\\_b & n \\\\\n\\midrule\n"
            "50 \\% & \\textasciitilde{}1 \\\\\n\\bottomrule\n\\end{tabular}\n");
}

TEST(Table, OfJsonPutsTheAxesFirst) {
  const auto rows =
      json::parse(R"([{"wer": 0.125, "encoder": "small", "device": null, "lora": true, "layers": 4}])");
  EXPECT_EQ(render(table_of(rows, Format::table), Format::table),
            "encoder  layers  lora      wer  device\n"
            "small         4  yes   12.50 %       -\n");
}

TEST(Table, OfJsonJoinsLists) {
  EXPECT_EQ(show(json::parse(R"(["run_1", "run_2"])"), Format::table), "run_1, run_2");
  EXPECT_EQ(show(json::array(), Format::table), "");
}

TEST(Table, OfJsonKeepsRatiosForCsv) {
  const auto rows = json::parse(R"([{"wer": 0.125, "run": "run_1"}, {"wer": null, "run": "run_2"}])");
  EXPECT_EQ(render(table_of(rows, Format::csv, {"run", "wer"}), Format::csv),
            "run,wer\nrun_1,0.125\nrun_2,\n");
}

json wer_row(int layers, const char* language, bool lora, json wer, int seed = 42) {
  return {{"encoder", "small"}, {"layers", layers}, {"language", language},      {"lora", lora},
          {"seed", seed},       {"wer", wer},       {"settings", json::object()}};
}

TEST(PivotWer, MakesOneRowADepth) {
  const json rows = {wer_row(4, "da", false, 0.3), wer_row(4, "da", true, nullptr),
                     wer_row(2, "da", false, 0.5)};
  const auto text = render(table_of(flatten(pivot_wer(rows)), Format::table), Format::table);
  EXPECT_EQ(text,
            "encoder  layers       da  da +LoRA\n"
            "small         4  30.00 %         -\n"
            "small         2  50.00 %         -\n");
}

TEST(PivotWer, KeepsSeedsApart) {
  const json rows = {wer_row(4, "da", false, 0.3, 1), wer_row(4, "da", false, 0.4, 2)};
  ASSERT_EQ(pivot_wer(rows).size(), 2u);
  EXPECT_EQ(pivot_wer(rows)[1]["seed"], 2);
}

TEST(PivotWer, MarksWhatMayBeChance) {
  json rows = {wer_row(4, "da", false, 0.3), wer_row(4, "da", true, 0.29)};
  rows[1]["significant"] = false;
  EXPECT_EQ(pivot_wer(rows)[0]["da +LoRA"], "29.00 % ≈");
  EXPECT_EQ(pivot_wer(rows)[0]["da"], 0.3);
}

TEST(TableAsDescribed, HasTitlesAndKindsAndNoEmptyColumn) {
  const auto document = json::parse(R"({
    "columns": [{"key": "language", "title": "Language", "kind": "text"}, {"key": "hours", "title": "Hours", "kind": "decimal"},
                {"key": "wer.da", "title": "WER", "kind": "ratio"}, {"key": "never", "title": "Never", "kind": "text"}],
    "rows": [{"language": "da", "hours": 3.456, "wer": {"da": 0.5}, "never": null, "hidden": 1}, {"language": "nl", "hours": 10, "wer": {}}]})");
  EXPECT_EQ(render(table_as_described(document), Format::table),
            "Language  Hours      WER\n"
            "da         3.46  50.00 %\n"
            "nl        10.00        -\n");
}

TEST(Flatten, NamesInnerMembersAfterTheOuter) {
  const auto rows = json::parse(R"([{"wer": {"da": 0.1}, "settings": {"train.lr": 3}, "layers": 2}])");
  EXPECT_EQ(flatten(rows), json::parse(R"([{"wer da": 0.1, "train.lr": 3, "layers": 2}])"));
}

}  // namespace
}  // namespace sweetspot::daemon
