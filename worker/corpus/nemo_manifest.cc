#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "worker/corpus/listing.h"

namespace sweetspot::worker {
namespace {

ListedClip clip_of(const nlohmann::json& entry, const std::filesystem::path& directory, std::string id) {
  ListedClip clip;
  clip.id = std::move(id);
  clip.audio = directory / entry.at("audio_filepath").get<std::string>();  // an absolute path stays itself
  clip.offset = entry.value("offset", clip.offset);
  clip.seconds = entry.value("duration", clip.seconds);
  clip.text = entry.at("text").get<std::string>();
  return clip;
}

}  // namespace

Listing list_nemo_manifest(const std::filesystem::path& directory, std::string_view split) {
  const auto file = directory / fmt::format("{}.json", split);
  const auto lines = read_lines(file);
  if (!lines) return lines.error();
  std::vector<ListedClip> clips;
  for (std::size_t row = 0; row < lines->size(); ++row) {
    if ((*lines)[row].find_first_not_of(" \t") == std::string::npos) continue;
    try {
      clips.push_back(clip_of(nlohmann::json::parse((*lines)[row]), directory,
                              fmt::format("{}:{}", file.filename().string(), row + 1)));
    } catch (const nlohmann::json::exception& problem) {
      return Error{
          "corpus_invalid", fmt::format("{}, line {}: {}", file.string(), row + 1, problem.what()),
          "each line must be a JSON object with audio_filepath and text, and may have offset and duration",
          ""};
    }
  }
  return clips;
}

}  // namespace sweetspot::worker
