#include "daemon/client/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/client/html.h"

namespace sweetspot::daemon {
namespace {

constexpr double kWidth = 640, kHeight = 320, kLeft = 56, kRight = 200, kTop = 16, kBottom = 40;
// Told apart by people who see few colours (Okabe and Ito 2008).
constexpr std::array kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"};

const char* colour_of(const ChartSeries& series) { return kColours[series.hue % kColours.size()]; }

// From data to the drawing.
struct Scale {
  double from, to, most_wer = 0.01;
  explicit Scale(const Chart& chart) : from(chart.x_from), to(chart.x_from) {
    for (const ChartSeries& series : chart.series)
      for (const ChartPoint& point : series.points)
        to = std::max(to, point.x), most_wer = std::max(most_wer, point.high);
    if (to == from) to = from + 1;
  }
  double x(double value) const { return kLeft + (kWidth - kLeft - kRight) * (value - from) / (to - from); }
  double y(double wer) const { return kHeight - kBottom - (kHeight - kTop - kBottom) * wer / most_wer; }
};

std::string axes(const Chart& chart, const Scale& scale) {
  std::string drawn;
  for (int i = 0; i <= 4; ++i) {
    const double wer = scale.most_wer * i / 4;
    drawn += fmt::format(
        "<path class=grid d='M{:.1f} {:.1f}H{:.1f}'/><text x={:.1f} y={:.1f} text-anchor=end>{:.1f}</text>",
        kLeft, scale.y(wer), kWidth - kRight, kLeft - 6, scale.y(wer) + 4, 100 * wer);
  }
  for (const auto& [x, label] : chart.ticks)
    drawn += fmt::format("<text x={:.1f} y={:.1f} text-anchor=middle>{}</text>", scale.x(x),
                         kHeight - kBottom + 16, html_escaped(label));
  return drawn + fmt::format("<text x={:.1f} y={:.1f} text-anchor=middle>{}</text>",
                             (kLeft + kWidth - kRight) / 2, kHeight - 6, html_escaped(chart.x_title));
}

std::string line_through(const Scale& scale, const ChartSeries& series) {
  std::string path;
  for (const ChartPoint& point : series.points)
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", scale.x(point.x), scale.y(point.wer));
  return fmt::format("<path d='{}' fill=none stroke='{}' stroke-width='2'{}/>", path, colour_of(series),
                     series.line == ChartSeries::Line::dashed ? " stroke-dasharray='6 3'" : "");
}

std::string marks_of(const Scale& scale, const ChartSeries& series) {
  std::string drawn;
  for (const ChartPoint& point : series.points) {
    if (point.low < point.high)
      drawn += fmt::format("<path d='M{0:.1f} {1:.1f}V{2:.1f}' stroke='{3}'/>", scale.x(point.x),
                           scale.y(point.low), scale.y(point.high), colour_of(series));
    drawn += fmt::format("<circle cx={:.1f} cy={:.1f} r=3 stroke='{}' fill='{}'/>", scale.x(point.x),
                         scale.y(point.wer), colour_of(series),
                         series.mark == ChartSeries::Mark::hollow ? "#fff" : colour_of(series));
  }
  return drawn;
}

}  // namespace

std::string svg(const Chart& chart) {
  const Scale scale(chart);
  std::string drawn = axes(chart, scale);
  double y = kTop + 8;
  for (const ChartSeries& series : chart.series) {
    if (series.line != ChartSeries::Line::none) drawn += line_through(scale, series);
    if (series.mark != ChartSeries::Mark::none) drawn += marks_of(scale, series);
    drawn += fmt::format("<text x={:.1f} y={:.1f} fill='{}'>{}</text>", kWidth - kRight + 12, y,
                         colour_of(series), html_escaped(series.name));
    y += 18;
  }
  const std::string caption = html_escaped(chart.caption);
  return fmt::format(
      "<figure><figcaption>{0}</figcaption><svg viewBox='0 0 {1:g} {2:g}' role=img aria-label='{0}, by "
      "{3}'>{4}</svg></figure>\n",
      caption, kWidth, std::max(kHeight, y), html_escaped(chart.x_title), drawn);
}

}  // namespace sweetspot::daemon
