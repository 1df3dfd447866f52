#include "daemon/client/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TEST(Html, EscapesWhatIsNotText) {
  EXPECT_EQ(html_escaped("<a href='x'>\"&\""), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;");
}

TEST(Html, WritesTheTableThatTheAnswerDescribes) {
  const auto answer = json::parse(
      R"({"columns": [{"key": "a", "title": "<A>", "kind": "text"}, {"key": "n", "title": "N", "kind": "ratio"}],
                                      "rows": [{"a": "x<y", "n": 0.5}]})");
  EXPECT_EQ(html_table(answer),
            "<div class=scroll><table><thead><tr><th>&lt;A&gt;</th><th class=n>N</th></tr></thead><tbody>"
            "<tr><td>x&lt;y</td><td class=n>50.00 %</td></tr></tbody></table></div>\n");
}

json row(int layers, bool lora, json wer, json low, json high) {
  return {{"encoder", "a<b"}, {"layers", layers}, {"language", "da"}, {"lora", lora},
          {"wer", wer},       {"wer_low", low},   {"wer_high", high}};
}

TEST(WerChart, DrawsALineForEachEncoderWithoutAndWithLora) {
  const json rows = {row(4, false, 0.2, 0.15, 0.25), row(2, false, 0.4, nullptr, nullptr),
                     row(4, true, 0.1, 0.05, 0.15), row(2, true, nullptr, nullptr, nullptr)};
  const std::string svg = wer_chart(rows, "da");
  EXPECT_THAT(svg, HasSubstr("a&lt;b, LoRA (dashed)"));
  EXPECT_THAT(svg, Not(HasSubstr("a<b")));
  std::size_t points = 0;
  for (auto at = svg.find("<circle"); at != svg.npos; at = svg.find("<circle", at + 1)) ++points;
  EXPECT_EQ(points, 3u) << "what is not done has no point";
  EXPECT_EQ(wer_chart(rows, "nl"), "");
  for (auto end = svg.find("/>"); end != svg.npos; end = svg.find("/>", end + 1))
    ASSERT_EQ(svg[end - 1], '\'')
        << "HTML takes the slash into a value without quotes, and nothing after is drawn";
}

TEST(ParetoChart, DrawsAllPointsAndALineThroughThoseOfTheFront) {
  const auto point = [](double params, double wer, bool on_front) {
    return json{{"encoder", "small"},
                {"lora", false},
                {"wer", wer},
                {"params", params},
                {"system_params", nullptr},
                {"best_for_params", on_front}};
  };
  const json points = {point(2e6, 0.2, true), point(3e6, 0.3, false), point(4e6, 0.1, true)};
  const std::string svg = pareto_chart(points, kParetoAxes[0]);
  std::size_t circles = 0;
  for (auto at = svg.find("<circle"); at != svg.npos; at = svg.find("<circle", at + 1)) ++circles;
  EXPECT_EQ(circles, 3u);
  const auto front = svg.find("fill=none");
  ASSERT_NE(front, svg.npos);
  const auto line = svg.rfind("d='", front);
  EXPECT_EQ(std::count(svg.begin() + std::ptrdiff_t(line), svg.begin() + std::ptrdiff_t(front), 'L'), 1)
      << "from the first point to the third";
  EXPECT_THAT(svg, HasSubstr("million parameters"));
  EXPECT_EQ(pareto_chart(points, kParetoAxes[1]), "") << "nobody knows it";
}

}  // namespace
}  // namespace sweetspot::daemon
