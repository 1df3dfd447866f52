#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "worker/corpus/listing.h"

namespace sweetspot::worker {
namespace {

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (char letter : line) {
    if (letter == '\t') fields.emplace_back();
    else fields.back() += letter;
  }
  return fields;
}

Result<std::size_t> find_column(const std::filesystem::path& file, const std::vector<std::string>& header,
                                const char* name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  return Error{"corpus_invalid", fmt::format("{} has no column \"{}\"", file.string(), name),
               "its first line must name the columns, tab separated; path and sentence are needed", ""};
}

}  // namespace

Listing list_common_voice(const std::filesystem::path& directory, std::string_view split) {
  const auto file = directory / fmt::format("{}.tsv", split);
  const auto lines = read_lines(file);
  if (!lines) return lines.error();
  const auto header = lines->empty() ? std::vector<std::string>() : fields_of(lines->front());
  const auto path = find_column(file, header, "path"), sentence = find_column(file, header, "sentence");
  if (!path) return path.error();
  if (!sentence) return sentence.error();

  std::vector<ListedClip> clips;
  std::unordered_set<std::string> seen;
  for (std::size_t row = 1; row < lines->size(); ++row) {
    auto fields = fields_of((*lines)[row]);
    fields.resize(std::max(fields.size(), header.size()));  // a row that ends early lacks its last fields
    const std::string& name = fields[*path];
    const bool repeated = !seen.insert(name).second;
    clips.push_back({.id = repeated ? fmt::format("{}:{}", name, row + 1) : name,
                     .audio = directory / "clips" / name,
                     .text = fields[*sentence]});
  }
  return clips;
}

}  // namespace sweetspot::worker
