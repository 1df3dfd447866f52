#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "worker/corpus/listing.h"

namespace sweetspot::worker {
namespace {

// What is told of a first line that is not a header of Common Voice.
std::string next_step(const std::vector<std::string>& header) {
  if (header.size() == 1 && header.front().find(',') != std::string::npos)
    return "columns are separated by tabs, not commas";
  if (header.size() > 1 && header[1].ends_with(".wav"))
    return "it looks like a table of FLEURS: give \"format\": \"fleurs\"";
  return "its first line must name the columns, tab separated, as Common Voice does: path and sentence are "
         "needed";
}

Result<std::size_t> find_column(const std::filesystem::path& file, const std::vector<std::string>& header,
                                const char* name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  return Error{"corpus_invalid",
               fmt::format("{}, line 1: there is no column \"{}\"; the columns are: {}", file.string(), name,
                           header.empty() ? "none" : fmt::format("{}", fmt::join(header, ", "))),
               next_step(header), ""};
}

}  // namespace

Listing list_common_voice(const SplitSource& source) {
  const auto& file = source.files.front();
  const auto lines = read_lines(file);
  if (!lines) return lines.error();
  const auto header = lines->empty() ? std::vector<std::string>() : fields_of(lines->front());
  const auto path = find_column(file, header, "path"), sentence = find_column(file, header, "sentence");
  if (!path) return path.error();
  if (!sentence) return sentence.error();

  std::vector<ListedClip> clips;
  for (std::size_t row = 1; row < lines->size(); ++row) {
    if ((*lines)[row].empty()) continue;
    auto fields = fields_of((*lines)[row]);
    fields.resize(std::max(fields.size(), header.size()));  // a row that ends early lacks its last fields
    const std::string& name = fields[*path];
    if (name.empty()) clips.push_back(bad_line(file, row + 1, "its path is empty"));
    else clips.push_back({.id = name, .audio = source.root / "clips" / name, .text = fields[*sentence]});
  }
  return clips;
}

}  // namespace sweetspot::worker
