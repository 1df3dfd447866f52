#include "daemon/report/format.h"

#include <fmt/format.h>

#include "daemon/report/format_parts.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string exact(const json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string markdown_escape(char c) { return c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c); }

}  // namespace

std::string csv(const Report& table) {
  std::string text;
  for (const ReportColumn& column : table.columns) text += (text.empty() ? "" : ",") + csv_field(column.key);
  text += "\r\n";
  for (const json& row : table.rows) {
    std::string line;
    for (const ReportColumn& column : table.columns)
      line += (&column == &table.columns.front() ? "" : ",") + csv_field(exact(value_at(row, column.key)));
    text += line + "\r\n";
  }
  return text;
}

std::string markdown(const Report& table) {
  const auto columns = used_columns(table);
  std::string head = "|", rule = "|", body;
  for (const ReportColumn& column : columns) {
    head += " " + title(column, "%") + " |";
    rule += column.kind == ColumnKind::text ? " --- |" : " ---: |";
  }
  for (const json& row : table.rows) {
    body += "|";
    for (const ReportColumn& column : columns)
      body += fmt::format(" {} |", escaped(shown(value_at(row, column.key), column, ""), markdown_escape));
    body += "\n";
  }
  for (const std::string& line : below(table)) body += fmt::format("\n{}\n", line);
  return head + "\n" + rule + "\n" + body;
}

}  // namespace sweetspot::daemon
