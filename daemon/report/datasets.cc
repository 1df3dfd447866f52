#include "daemon/report/datasets.h"

#include <fmt/format.h>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

std::string in_words(const std::map<std::string, std::int64_t>& reasons) {
  std::vector<std::string> parts;
  for (const auto& [reason, count] : reasons) parts.push_back(fmt::format("{} {}", reason, count));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

Report datasets_table(std::span<const SplitUse> splits, std::span<const CellResult> cells) {
  Report table{
      .name = "datasets",
      .definition =
          "Utterances and hours of each split, as finished runs used them: after filtering. Skipped: clips "
          "left out, and why, of those whose reason is known.",
      .columns = {{"language", "Language"},
                  {"split", "Split"},
                  {"utterances", "Utterances", ColumnKind::integer},
                  {"hours", "Hours", ColumnKind::decimal},
                  {"skipped", "Skipped", ColumnKind::integer},
                  {"why", "Why"},
                  {"runs", "Runs", ColumnKind::integer}}};
  for (const SplitUse& use : splits)
    table.rows.push_back({{"language", use.language},
                          {"split", use.split},
                          {"utterances", use.utterances},
                          {"hours", use.seconds / 3600},
                          {"skipped", use.skipped},
                          {"reasons", use.reasons},
                          {"why", in_words(use.reasons)},
                          {"runs", use.runs}});
  for (const CellResult& cell : cells)
    if (!cell.done()) table.missing.push_back(missing_cell(cell));
  return table;
}

}  // namespace sweetspot::daemon
