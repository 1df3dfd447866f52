#include "daemon/report/format_parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (auto at = std::ptrdiff_t(digits.size()) - 3; at > 0; at -= 3) digits.insert(std::size_t(at), ",");
  return (number < 0 ? "-" : "") + digits;
}

}  // namespace

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

std::string shown(const json& value, const ReportColumn& column, std::string_view empty) {
  if (value.is_null()) return std::string(empty);
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (column.kind == ColumnKind::ratio) return fmt::format("{:.2f}", 100 * value.get<double>());
  if (column.kind == ColumnKind::decimal) return fmt::format("{:.2f}", value.get<double>());
  if (value.is_number_integer())
    return column.key == "seed" ? std::to_string(value.get<std::int64_t>())
                                : grouped(value.get<std::int64_t>());
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string title(const ReportColumn& column, std::string_view per_cent) {
  return column.kind == ColumnKind::ratio ? column.title + " " + std::string(per_cent) : column.title;
}

std::string escaped(std::string_view text, const std::function<std::string(char)>& escape) {
  std::string result;
  for (char c : text) result += escape(c);
  return result;
}

std::vector<std::string> below(const Report& table) {
  std::vector<std::string> lines = {table.definition};
  if (!table.normalizer.empty()) lines.push_back(fmt::format("Words normalised by {}.", table.normalizer));
  lines.insert(lines.end(), table.notes.begin(), table.notes.end());
  return lines;
}

}  // namespace sweetspot::daemon
