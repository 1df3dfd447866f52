#include "daemon/formats/trn.h"

#include <fmt/format.h>

namespace sweetspot::daemon {

std::string trn_word(std::string_view word) {
  constexpr std::string_view kMeaningful = "{}/@():;*\\%";
  std::string escaped;
  for (const char c : word) {
    const auto byte = std::uint8_t(c);
    if (byte <= ' ' || byte == 0x7F || kMeaningful.find(c) != kMeaningful.npos)
      escaped += fmt::format("%{:02X}", byte);
    else escaped += c;
  }
  return escaped;
}

std::string trn_line(std::string_view text, int number, std::string_view id) {
  std::string line;
  while (!text.empty()) {  // words are what blanks (U+0020) separate, as in schemas/alignment.h
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) line += trn_word(text.substr(0, end)) + ' ';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fmt::format("{}(test-{}-{})\n", line, number, trn_word(id));
}

}  // namespace sweetspot::daemon
