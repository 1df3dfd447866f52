// Upper and lower case of protocol text: ASCII only, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace sweetspot::daemon {

inline std::string ascii_lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = char(c + ('a' - 'A'));
  return result;
}

inline std::string ascii_upper(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = char(c - ('a' - 'A'));
  return result;
}

}  // namespace sweetspot::daemon
