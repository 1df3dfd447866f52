// WER by cost, and the configurations that no other one beats in both.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/client/chart.h"
#include "daemon/client/html.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

constexpr int kTicks = 4;
constexpr std::size_t kFrontHue = 6;

// Every configuration, hollow without LoRA; then the front, from the cheapest on.
std::vector<ChartSeries> series_of(const json& points, const ParetoAxis& axis) {
  std::map<std::pair<std::string, bool>, ChartSeries> clouds;
  std::map<std::string, std::size_t> hues;
  ChartSeries front{
      .name = "front", .hue = kFrontHue, .line = ChartSeries::Line::solid, .mark = ChartSeries::Mark::none};
  for (const json& point : points) {
    if (point.at(axis.key).is_null()) continue;
    const ChartPoint at{.x = point.at(axis.key).get<double>() / axis.unit, .wer = point.at("wer")};
    const std::string encoder = point.at("encoder");
    const bool lora = point.at("lora");
    ChartSeries& cloud = clouds[{encoder, lora}];
    cloud.name = encoder + (lora ? ", LoRA" : " (hollow)");
    cloud.hue = hues.try_emplace(encoder, hues.size()).first->second;
    cloud.mark = lora ? ChartSeries::Mark::filled : ChartSeries::Mark::hollow;
    cloud.points.push_back(at);
    if (point.at(axis.on_front)) front.points.push_back(at);
  }
  std::ranges::sort(front.points, {}, &ChartPoint::x);
  std::vector<ChartSeries> series;
  if (!front.points.empty()) series.push_back(std::move(front));
  for (auto& [name, cloud] : clouds) series.push_back(std::move(cloud));
  return series;
}

}  // namespace

std::string pareto_chart(const json& points, const ParetoAxis& axis) {
  Chart chart{.caption = fmt::format("Mean test WER in per cent against {}", axis.title),
              .x_title = axis.title,
              .series = series_of(points, axis)};
  if (chart.series.empty()) return "";
  std::vector<double> xs;
  for (const ChartSeries& series : chart.series)
    for (const ChartPoint& point : series.points) xs.push_back(point.x);
  const auto [least, most] = std::ranges::minmax(xs);
  chart.x_from = least - 0.05 * (most - least);
  for (int i = 0; i <= kTicks; ++i) {
    const double x = least + (most - least) * i / kTicks;
    chart.ticks.emplace_back(x, fmt::format("{:.4g}", x));
    if (most == least) break;
  }
  return svg(chart);
}

}  // namespace sweetspot::daemon
