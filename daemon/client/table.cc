#include "daemon/client/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace sweetspot::daemon {
namespace {

// The order in which people read the columns that many tables share.
constexpr std::array kReadingOrder = {"id",      "name", "sweep",   "state",    "reason_code",
                                      "encoder", "kind", "layers",  "language", "lora",
                                      "seed",    "wer",  "wer_low", "wer_high"};

std::string pad(const std::string& text, std::size_t width, Align align) {
  const std::string blanks(width - std::min(width, display_width(text)), ' ');
  return align == Align::right ? blanks + text : text + blanks;
}

std::vector<std::size_t> column_widths(const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::size_t width = display_width(table.columns[c].title);
    for (const auto& row : table.rows) width = std::max(width, display_width(row[c]));
    widths.push_back(width);
  }
  return widths;
}

std::string render_text(Table table) {
  for (auto& row : table.rows) std::ranges::transform(row, row.begin(), printable);
  const auto widths = column_widths(table);
  const auto line = [&](auto cell_at) {
    std::string text;
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      text += pad(cell_at(c), widths[c], table.columns[c].align) + "  ";
    }
    return text.erase(text.find_last_not_of(' ') + 1) + "\n";
  };
  std::string text = line([&](std::size_t c) { return table.columns[c].title; });
  for (const auto& row : table.rows) text += line([&](std::size_t c) { return row[c]; });
  return text;
}

// RFC 4180: quoted when needed, quotes doubled.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string markdown_field(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
  return escaped;
}

std::string latex_field(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\textbackslash{}";
    } else if (c == '~') {
      escaped += "\\textasciitilde{}";
    } else if (c == '^') {
      escaped += "\\textasciicircum{}";
    } else {
      if (std::string_view("&%$#_{}").find(c) != std::string_view::npos) escaped += '\\';
      escaped += c;
    }
  }
  return escaped;
}

std::string joined(std::vector<std::string> fields, std::string (*escape)(const std::string&),
                   std::string_view separator) {
  std::transform(fields.begin(), fields.end(), fields.begin(), escape);
  return fmt::format("{}", fmt::join(fields, separator));
}

std::vector<std::string> titles(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.title);
  return names;
}

std::string render_csv(const Table& table) {
  std::string text = joined(titles(table), csv_field, ",") + "\n";
  for (const auto& row : table.rows) text += joined(row, csv_field, ",") + "\n";
  return text;
}

std::string render_markdown(const Table& table) {
  std::string text = "| " + joined(titles(table), markdown_field, " | ") + " |\n|";
  for (const Column& column : table.columns) text += column.align == Align::right ? "---:|" : "---|";
  text += "\n";
  for (const auto& row : table.rows) text += "| " + joined(row, markdown_field, " | ") + " |\n";
  return text;
}

std::string render_latex(const Table& table) {
  std::string alignments;
  for (const Column& column : table.columns) alignments += column.align == Align::right ? 'r' : 'l';
  std::string text = fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n", alignments);
  text += joined(titles(table), latex_field, " & ") + " \\\\\n\\midrule\n";
  for (const auto& row : table.rows) text += joined(row, latex_field, " & ") + " \\\\\n";
  return text + "\\bottomrule\n\\end{tabular}\n";
}

// Keys of all rows: those people look for first, then the others as JSON sorts them.
std::vector<std::string> columns_of(const nlohmann::json& rows) {
  std::vector<std::string> keys;
  const auto add = [&](const std::string& key) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  };
  for (const char* key : kReadingOrder) {
    if (std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.contains(key); })) add(key);
  }
  for (const auto& row : rows) {
    for (const auto& [key, value] : row.items()) add(key);
  }
  return keys;
}

}  // namespace

std::optional<Format> parse_format(std::string_view name) {
  if (name == "table") return Format::table;
  if (name == "json") return Format::json;
  if (name == "csv") return Format::csv;
  if (name == "md") return Format::md;
  if (name == "latex") return Format::latex;
  return std::nullopt;
}

std::string render(const Table& table, Format format) {
  if (format == Format::csv) return render_csv(table);
  if (format == Format::md) return render_markdown(table);
  if (format == Format::latex) return render_latex(table);
  return render_text(table);
}

// Control characters of ASCII, and those of Latin-1, which are 0xC2 and 0x80 to 0x9F in UTF-8.
std::string printable(std::string_view text) {
  constexpr std::string_view kReplacement = "\uFFFD";
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool latin = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte >= 0x20 && byte != 0x7F && !latin) shown += text[i];
    else shown += kReplacement, i += latin;
  }
  return shown;
}

std::size_t display_width(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

std::string show(const nlohmann::json& value, Format format) {
  if (value.is_null()) return format == Format::csv ? "" : "-";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    std::vector<std::string> elements;
    for (const auto& element : value) elements.push_back(show(element, format));
    return fmt::format("{}", fmt::join(elements, ", "));
  }
  if (value.is_number_float() && format != Format::csv)
    return fmt::format("{:.2f} %", 100 * value.get<double>());
  return value.dump();
}

Table table_of(const nlohmann::json& rows, Format format, std::vector<std::string> keys) {
  if (keys.empty()) keys = columns_of(rows);
  Table table;
  for (const auto& key : keys) {
    const bool numeric = std::all_of(rows.begin(), rows.end(), [&](const auto& row) {
      const auto value = row.value(key, nlohmann::json());
      return value.is_null() || value.is_number();
    });
    table.columns.push_back({key, numeric ? Align::right : Align::left});
  }
  for (const auto& row : rows) {
    auto& cells = table.rows.emplace_back();
    for (const auto& key : keys) cells.push_back(show(row.value(key, nlohmann::json()), format));
  }
  return table;
}

}  // namespace sweetspot::daemon
