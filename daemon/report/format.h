// A table as text. CSV keeps every figure as it is; Markdown and LaTeX are for people: per cent, thousands.
#pragma once

#include <string>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

std::string csv(const Report& table);       // RFC 4180; a missing value is an empty field
std::string markdown(const Report& table);  // the definition stands under the table
std::string latex(
    const Report& table);  // booktabs and siunitx; the definition is a comment, the best is bold

}  // namespace sweetspot::daemon
