// A table as LaTeX: booktabs for the rules, siunitx for the figures.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/report/format.h"
#include "daemon/report/format_parts.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

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

// A figure as siunitx reads it: per cent or decimals with two digits, integers without separators.
std::string figure(const json& value, const ReportColumn& column) {
  if (column.kind == ColumnKind::integer) return value.dump();
  return fmt::format("{:.2f}", (column.kind == ColumnKind::ratio ? 100 : 1) * value.get<double>());
}

// "l", or siunitx's S with room for the widest figure.
std::string latex_alignment(const Report& table, const ReportColumn& column) {
  if (column.kind == ColumnKind::text) return "l";
  std::size_t whole = 1;
  std::string sign;
  for (const json& row : table.rows) {
    const json value = value_at(row, column.key);
    if (value.is_null()) continue;
    std::string digits = figure(value, column);
    if (digits.front() == '-') sign = "-", digits.erase(0, 1);
    whole = std::max(whole, std::min(digits.find('.'), digits.size()));
  }
  return fmt::format("S[table-format={}{}.{}]", sign, whole, column.kind == ColumnKind::integer ? 0 : 2);
}

// The lowest figure of a column whose lowest is its best.
bool is_best(const Report& table, const json& value, const ReportColumn& column) {
  if (!column.lowest_is_best || !value.is_number()) return false;
  return std::none_of(table.rows.begin(), table.rows.end(), [&](const json& row) {
    const json other = value_at(row, column.key);
    return other.is_number() && other.get<double>() < value.get<double>();
  });
}

std::string latex_cell(const Report& table, const json& row, const ReportColumn& column) {
  const json value = value_at(row, column.key);
  if (column.kind == ColumnKind::text) return escaped(shown(value, column, "--"), latex_escape);
  if (value.is_null()) return "{--}";
  return fmt::format("{}{}", is_best(table, value, column) ? "\\bfseries " : "", figure(value, column));
}

std::string in_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

std::string latex(const Report& table) {
  const auto columns = used_columns(table);
  std::string alignment, head, body, comments;
  for (const ReportColumn& column : columns) {
    alignment += latex_alignment(table, column);
    const std::string text = escaped(title(column, "(%)"), latex_escape);
    head +=
        (head.empty() ? "" : " & ") + (column.kind == ColumnKind::text ? text : fmt::format("{{{}}}", text));
  }
  for (const json& row : table.rows) {
    std::string line;
    for (const ReportColumn& column : columns)
      line += (line.empty() ? "" : " & ") + latex_cell(table, row, column);
    body += line + " \\\\\n";
  }
  for (const std::string& text : below(table)) comments += fmt::format("% {}\n", in_one_line(text));
  return fmt::format(
      "% \\usepackage{{booktabs,siunitx}} \\sisetup{{detect-weight,group-separator={{,}}}}\n{}"
      "\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n\\midrule\n{}\\bottomrule\n\\end{{tabular}}\n",
      comments, alignment, head, body);
}

}  // namespace sweetspot::daemon
