#include "daemon/core/byte_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace sweetspot::daemon {

namespace {
// What a unit stands for; 0: nothing.
double unit_of(std::string unit) {
  std::erase(unit, ' ');
  std::ranges::transform(unit, unit.begin(), [](unsigned char letter) { return std::tolower(letter); });
  if (unit.empty() || unit == "b") return 1;
  constexpr std::string_view kLetters = "kmgt";
  const auto power = kLetters.find(unit.front());
  const std::string rest = unit.substr(1);
  if (power == kLetters.npos || (rest != "b" && rest != "ib" && !rest.empty())) return 0;
  return std::pow(rest == "ib" ? 1024.0 : 1000.0, double(power) + 1);
}
}  // namespace

Result<std::int64_t> parse_bytes(std::string_view text) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const double unit = unit_of(std::string(end, text.data() + text.size()));
  const double bytes = number * unit;
  if (problem != std::errc() || unit == 0 || !(bytes >= 0) || bytes > 1e18)
    return Error{"bad_size", fmt::format("'{}' is not a size", text), "for example 20GiB, 500MB or 0", ""};
  return std::int64_t(bytes);
}

}  // namespace sweetspot::daemon
