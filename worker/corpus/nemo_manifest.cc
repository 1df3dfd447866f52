#include <nlohmann/json.hpp>

#include "worker/corpus/listing.h"

namespace sweetspot::worker {

Listing list_nemo_manifest(const SplitSource& source) {
  const auto& file = source.files.front();
  return list_json_lines(file, [&](const nlohmann::json& entry, std::size_t line) {
    ListedClip clip;
    clip.id = line_id(file, line);
    clip.audio =
        source.root / entry.at("audio_filepath").get<std::string>();  // an absolute path stays itself
    clip.offset = entry.value("offset", clip.offset);
    clip.seconds = entry.value("duration", clip.seconds);
    clip.text = entry.at("text").get<std::string>();
    return clip;
  });
}

}  // namespace sweetspot::worker
