#include "daemon/report/format.h"

#include <fmt/format.h>

#include <functional>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

json value_at(const json& row, const std::string& key) {
  const json* value = &row;
  for (std::size_t begin = 0; begin <= key.size();) {
    const auto end = std::min(key.find('.', begin), key.size());
    auto found = value->find(key.substr(begin, end - begin));
    if (found == value->end()) return nullptr;
    value = &*found;
    begin = end + 1;
  }
  return *value;
}

// Columns that hold something in some row.
std::vector<ReportColumn> used_columns(const Report& table) {
  std::vector<ReportColumn> used;
  for (const ReportColumn& column : table.columns)
    for (const json& row : table.rows)
      if (!value_at(row, column.key).is_null()) {
        used.push_back(column);
        break;
      }
  return used;
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (auto at = std::ptrdiff_t(digits.size()) - 3; at > 0; at -= 3) digits.insert(std::size_t(at), ",");
  return (number < 0 ? "-" : "") + digits;
}

// As people read it; `empty` stands for what is missing.
std::string shown(const json& value, const ReportColumn& column, std::string_view empty) {
  if (value.is_null()) return std::string(empty);
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (column.kind == ColumnKind::ratio) return fmt::format("{:.2f}", 100 * value.get<double>());
  if (value.is_number_integer())
    return column.key == "seed" ? std::to_string(value.get<std::int64_t>())
                                : grouped(value.get<std::int64_t>());
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string title(const ReportColumn& column, std::string_view per_cent) {
  return column.kind == ColumnKind::ratio ? column.title + " " + std::string(per_cent) : column.title;
}

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

std::string escaped(std::string_view text, const std::function<std::string(char)>& escape) {
  std::string result;
  for (char c : text) result += escape(c);
  return result;
}

std::string markdown_escape(char c) { return c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c); }

std::string latex_escape(char c) {
  switch (c) {
    case '\\':
      return "\\textbackslash{}";
    case '~':
      return "\\textasciitilde{}";
    case '^':
      return "\\textasciicircum{}";
    case '&':
    case '%':
    case '$':
    case '#':
    case '_':
    case '{':
    case '}':
      return std::string("\\") + c;
    case '\n':
      return " ";
    default:
      return std::string(1, c);
  }
}

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
  return head + "\n" + rule + "\n" + body + "\n" + table.definition + "\n";
}

std::string latex(const Report& table) {
  const auto columns = used_columns(table);
  std::string alignment, head, body;
  for (const ReportColumn& column : columns) {
    alignment += column.kind == ColumnKind::text ? "l" : "r";
    head += (head.empty() ? "" : " & ") + escaped(title(column, "(%)"), latex_escape);
  }
  for (const json& row : table.rows) {
    std::string line;
    for (const ReportColumn& column : columns)
      line +=
          (line.empty() ? "" : " & ") + escaped(shown(value_at(row, column.key), column, "--"), latex_escape);
    body += line + " \\\\\n";
  }
  return fmt::format(
      "% {}\n\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n\\midrule\n{}\\bottomrule\n\\end{{tabular}}\n",
      table.definition, alignment, head, body);
}

}  // namespace sweetspot::daemon
