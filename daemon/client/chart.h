// A chart as SVG, for a page that has no script: word error rates in per cent over any axis.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sweetspot::daemon {

struct ChartPoint {
  double x = 0, wer = 0;
  double low = wer, high = wer;  // its 95 % interval
};

// Points of one colour. Series of equal `hue` have the same.
struct ChartSeries {
  std::string name;
  std::size_t hue = 0;
  enum class Line { none, solid, dashed } line = Line::none;  // through the points, in their order
  enum class Mark { none, filled, hollow } mark = Mark::filled;
  std::vector<ChartPoint> points;
};

struct Chart {
  std::string caption, x_title;
  double x_from = 0;                                  // the left end of the axis
  std::vector<std::pair<double, std::string>> ticks;  // where on the x axis, and what is written there
  std::vector<ChartSeries> series;
};

// As <figure> with <svg>.
std::string svg(const Chart& chart);

}  // namespace sweetspot::daemon
