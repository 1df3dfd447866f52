// Pieces of an HTML page.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sweetspot::daemon {

// Text in HTML, also within an attribute's quotes.
std::string html_escaped(std::string_view text);

// An answer of the daemon's tables ({columns, rows}) as <table>; figures as table_as_described shows them.
std::string html_table(const nlohmann::json& document);

// WER by kept layers in one language, as <svg>: a line for each encoder without and with LoRA, and the 95 %
// interval of each point. `rows` are those of the table wer. Empty where there is no result.
std::string wer_chart(const nlohmann::json& rows, const std::string& language);

}  // namespace sweetspot::daemon
