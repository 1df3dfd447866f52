#include <fmt/format.h>

#include "worker/corpus/listing.h"

namespace sweetspot::worker {
namespace {

constexpr std::size_t kFileName = 1, kRaw = 2, kNormalised = 3;

// Releases differ in whether the folders of the splits lie in audio/.
std::filesystem::path folder_of(const SplitSource& source) {
  const auto inside = source.root / "audio" / source.split;
  std::error_code ignored;
  return std::filesystem::is_directory(inside, ignored) ? inside : source.root / source.split;
}

}  // namespace

Listing list_fleurs(const SplitSource& source) {
  const auto& file = source.files.front();
  const auto lines = read_lines(file);
  if (!lines) return lines.error();
  if (!lines->empty() && fields_of(lines->front()).front() == "client_id")
    return Error{"corpus_invalid", fmt::format("{}, line 1: column 1 is \"client_id\"", file.string()),
                 "it looks like a table of Common Voice: give \"format\": \"common-voice\"", ""};
  const auto folder = folder_of(source);
  std::vector<ListedClip> clips;
  for (std::size_t row = 0; row < lines->size(); ++row) {
    if ((*lines)[row].empty()) continue;
    const auto fields = fields_of((*lines)[row]);
    if (fields.size() <= kNormalised || fields[kFileName].empty()) {
      clips.push_back(
          bad_line(file, row + 1,
                   fmt::format("{} columns; id, file name, raw and normalised transcription are needed",
                               fields.size())));
      continue;
    }
    const std::string& name = fields[kFileName];
    clips.push_back({.id = name,
                     .audio = folder / name,
                     .text = fields[kNormalised].empty() ? fields[kRaw] : fields[kNormalised]});
  }
  return clips;
}

}  // namespace sweetspot::worker
