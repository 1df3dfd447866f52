// Pieces of an HTML page.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sweetspot::daemon {

// Text in HTML, also within an attribute's quotes.
std::string html_escaped(std::string_view text);

// An answer of the daemon's tables ({columns, rows}) as <table>; figures as table_as_described shows them.
std::string html_table(const nlohmann::json& document);

// WER by kept layers in one language, as <svg>: a line for each encoder without and with LoRA, and the 95 %
// interval of each point. `rows` are those of the table wer. Empty where there is no result.
std::string wer_chart(const nlohmann::json& rows, const std::string& language);

// What a configuration costs: a figure of the points of the sweet-spot table's `pareto`.
struct ParetoAxis {
  const char* key;       // of the figure
  const char* on_front;  // key of whether the point is on the front of WER over it
  const char* title;
  double unit;  // the figure is shown in so many
};
inline constexpr ParetoAxis kParetoAxes[] = {
    {"params", "best_for_params", "million parameters of encoder and adapter", 1e6},
    {"system_params", "best_for_system_params", "million parameters of the whole system", 1e6},
    {"real_time_factor", "best_for_speed", "seconds of decoding a second of sound", 1}};

// Mean WER against that cost, as <svg>: all configurations, and a line through those that no other one beats
// in both. Empty where the cost of none is known.
std::string pareto_chart(const nlohmann::json& points, const ParetoAxis& axis);

}  // namespace sweetspot::daemon
