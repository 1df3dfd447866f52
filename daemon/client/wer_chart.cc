// WER by depth.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/client/chart.h"
#include "daemon/client/html.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

ChartPoint point_of(const json& row) {
  const double wer = row.at("wer");
  const auto bound = [&](const char* key) { return row.at(key).is_null() ? wer : row.at(key).get<double>(); };
  return {.x = row.at("layers"), .wer = wer, .low = bound("wer_low"), .high = bound("wer_high")};
}

// A line for each encoder without and with LoRA, in a colour for each encoder.
std::vector<ChartSeries> lines_of(const json& rows, const std::string& language) {
  std::map<std::pair<std::string, bool>, ChartSeries> lines;
  std::map<std::string, std::size_t> hues;
  for (const json& row : rows) {
    if (row.at("language") != language || row.at("wer").is_null()) continue;
    const std::string encoder = row.at("encoder");
    const bool lora = row.at("lora");
    ChartSeries& line = lines[{encoder, lora}];
    line.name = encoder + (lora ? ", LoRA (dashed)" : "");
    line.hue = hues.try_emplace(encoder, hues.size()).first->second;
    line.line = lora ? ChartSeries::Line::dashed : ChartSeries::Line::solid;
    line.points.push_back(point_of(row));
  }
  std::vector<ChartSeries> series;
  for (auto& [name, line] : lines) {
    std::ranges::sort(line.points, {}, &ChartPoint::x);
    series.push_back(std::move(line));
  }
  return series;
}

}  // namespace

std::string wer_chart(const json& rows, const std::string& language) {
  Chart chart{.caption = "Test WER in per cent, " + language,
              .x_title = "kept layers",
              .series = lines_of(rows, language)};
  if (chart.series.empty()) return "";
  std::map<double, std::string> depths;
  for (const ChartSeries& series : chart.series)
    for (const ChartPoint& point : series.points) depths[point.x] = fmt::format("{:g}", point.x);
  chart.ticks.assign(depths.begin(), depths.end());
  return svg(chart);
}

}  // namespace sweetspot::daemon
