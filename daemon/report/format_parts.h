// What the ways of writing a table share. Private to format.cc and latex.cc.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

nlohmann::json value_at(const nlohmann::json& row,
                        const std::string& key);              // "wer.da" reaches into an object
std::vector<ReportColumn> used_columns(const Report& table);  // that hold something in some row

// As people read it; `empty` stands for what is missing.
std::string shown(const nlohmann::json& value, const ReportColumn& column, std::string_view empty);
std::string title(const ReportColumn& column, std::string_view per_cent);
std::string escaped(std::string_view text, const std::function<std::string(char)>& escape);

// What stands under the rows: how they were computed and what else there is to know.
std::vector<std::string> below(const Report& table);

}  // namespace sweetspot::daemon
