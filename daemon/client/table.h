// Tables for people and for papers: aligned text, CSV, Markdown, LaTeX.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sweetspot::daemon {

enum class Align { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // each as long as columns
};

enum class Format { table, json, csv, md, latex };
std::optional<Format> parse_format(std::string_view name);

// `format` is any but json, which is never made from a Table. Ends with a newline.
std::string render(const Table& table, Format format);

// Text that others chose, for a terminal: what would move its cursor or colour it is shown as U+FFFD.
std::string printable(std::string_view text);

// Columns of a terminal that UTF-8 text takes, at one a code point.
std::size_t display_width(std::string_view text);

// A table of an array of flat JSON objects, with the columns named or, without a name, all of them: axes
// first, the rest in alphabetical order. Fractions are rates: per cent for people, as they are for CSV.
Table table_of(const nlohmann::json& rows, Format format, std::vector<std::string> keys = {});

// One value as table_of shows it: "-" for null, "yes"/"no", "12.34 %", arrays joined, objects as JSON.
std::string show(const nlohmann::json& value, Format format);

}  // namespace sweetspot::daemon
