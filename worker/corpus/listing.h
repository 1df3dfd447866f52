// What the files of a corpus list, before anything is known about the clips themselves.
#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace sweetspot::worker {

struct ListedClip {
  std::string id;
  std::filesystem::path audio;
  double offset = 0;                                         // seconds into the sound file
  double seconds = std::numeric_limits<double>::infinity();  // at most; the file may end before
  std::string text;                                          // as written
};

using Listing = Result<std::vector<ListedClip>>;

// <directory>/<split>.tsv of Common Voice, read by the names in its header, with the clips in
// <directory>/clips. Nothing is quoted: a " is text.
Listing list_common_voice(const std::filesystem::path& directory, std::string_view split);

// <directory>/<split>.json of NeMo: one JSON object a line with audio_filepath (absolute, or relative to the
// directory), text, and optionally duration and offset in seconds.
Listing list_nemo_manifest(const std::filesystem::path& directory, std::string_view split);

// The lines of a text file, without line ends and byte order mark.
Result<std::vector<std::string>> read_lines(const std::filesystem::path& file);

}  // namespace sweetspot::worker
