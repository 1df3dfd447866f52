// WER by depth as SVG, for a page that has no script.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "daemon/client/html.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

constexpr double kWidth = 640, kHeight = 320, kLeft = 56, kRight = 200, kTop = 16, kBottom = 40;
// Told apart by people who see few colours (Okabe and Ito 2008).
constexpr std::array kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

struct Point {
  double layers, wer, low, high;
};
using Lines = std::map<std::pair<std::string, bool>, std::vector<Point>>;  // by encoder and LoRA

Lines lines_of(const json& rows, const std::string& language) {
  Lines lines;
  for (const json& row : rows) {
    if (row.at("language") != language || row.at("wer").is_null()) continue;
    const double wer = row.at("wer");
    const auto bound = [&](const char* key) {
      return row.at(key).is_null() ? wer : row.at(key).get<double>();
    };
    lines[{row.at("encoder"), row.at("lora")}].push_back(
        {row.at("layers"), wer, bound("wer_low"), bound("wer_high")});
  }
  for (auto& [name, points] : lines)
    std::sort(points.begin(), points.end(),
              [](const Point& a, const Point& b) { return a.layers < b.layers; });
  return lines;
}

// From data to the drawing.
struct Scale {
  double most_layers = 1, most_wer = 0.01;
  explicit Scale(const Lines& lines) {
    for (const auto& [name, points] : lines)
      for (const Point& point : points)
        most_layers = std::max(most_layers, point.layers), most_wer = std::max(most_wer, point.high);
  }
  double x(double layers) const { return kLeft + (kWidth - kLeft - kRight) * layers / most_layers; }
  double y(double wer) const { return kHeight - kBottom - (kHeight - kTop - kBottom) * wer / most_wer; }
};

std::string axes(const Scale& scale, const Lines& lines) {
  std::string svg;
  for (int i = 0; i <= 4; ++i) {
    const double wer = scale.most_wer * i / 4;
    svg += fmt::format(
        "<path class=grid d='M{:.1f} {:.1f}H{:.1f}'/><text x={:.1f} y={:.1f} text-anchor=end>{:.1f}</text>",
        kLeft, scale.y(wer), kWidth - kRight, kLeft - 6, scale.y(wer) + 4, 100 * wer);
  }
  std::map<double, bool> depths;
  for (const auto& [name, points] : lines)
    for (const Point& point : points) depths[point.layers] = true;
  for (const auto& [layers, there] : depths)
    svg += fmt::format("<text x={:.1f} y={:.1f} text-anchor=middle>{:g}</text>", scale.x(layers),
                       kHeight - kBottom + 16, layers);
  return svg + fmt::format("<text x={:.1f} y={:.1f} text-anchor=middle>kept layers</text>",
                           (kLeft + kWidth - kRight) / 2, kHeight - 6);
}

std::string line(const Scale& scale, const std::vector<Point>& points, const char* colour, bool lora) {
  std::string path, marks;
  for (const Point& point : points) {
    const double x = scale.x(point.layers), y = scale.y(point.wer);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
    marks += fmt::format(
        "<path d='M{0:.1f} {1:.1f}V{2:.1f}' stroke='{3}'/><circle cx={0:.1f} cy={4:.1f} r=3 fill='{3}'/>", x,
        scale.y(point.low), scale.y(point.high), colour, y);
  }
  return fmt::format("<path d='{}' fill=none stroke='{}' stroke-width=2{}/>{}", path, colour,
                     lora ? " stroke-dasharray='6 3'" : "", marks);
}

}  // namespace

std::string wer_chart(const json& rows, const std::string& language) {
  const Lines lines = lines_of(rows, language);
  if (lines.empty()) return "";
  const Scale scale(lines);
  std::string drawn = axes(scale, lines);
  std::map<std::string, std::size_t> encoders;  // a colour each
  double y = kTop + 8;
  for (const auto& [name, points] : lines) {
    const auto& [encoder, lora] = name;
    const char* colour =
        kColours[encoders.try_emplace(encoder, encoders.size()).first->second % kColours.size()];
    drawn += line(scale, points, colour, lora);
    drawn += fmt::format("<text x={:.1f} y={:.1f} fill='{}'>{}{}</text>", kWidth - kRight + 12, y, colour,
                         html_escaped(encoder), lora ? ", LoRA (dashed)" : "");
    y += 18;
  }
  return fmt::format(
      "<figure><figcaption>Test WER in per cent, {0}</figcaption><svg viewBox='0 0 {1:g} {2:g}' role=img "
      "aria-label='Test WER by kept layers, {0}'>{3}</svg></figure>\n",
      html_escaped(language), kWidth, kHeight, drawn);
}

}  // namespace sweetspot::daemon
