#include "daemon/client/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/client/tables.h"

namespace sweetspot::daemon {

std::string html_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string html_table(const nlohmann::json& document) {
  const Table table = table_as_described(document);
  const auto cell = [&](const char* tag, std::size_t column, const std::string& text) {
    return fmt::format("<{0}{1}>{2}</{0}>", tag,
                       table.columns[column].align == Align::right ? " class=n" : "", html_escaped(text));
  };
  std::string html = "<div class=scroll><table><thead><tr>";
  for (std::size_t c = 0; c < table.columns.size(); ++c) html += cell("th", c, table.columns[c].title);
  html += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c) html += cell("td", c, row[c]);
    html += "</tr>";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace sweetspot::daemon
