#include <fmt/format.h>

#include <algorithm>

#include "worker/corpus/listing.h"

namespace sweetspot::worker {
namespace {

namespace fs = std::filesystem;

// Every *.trans.txt below a folder, sorted, so that the order does not depend on the file system.
std::vector<fs::path> transcripts_below(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  const auto options =
      fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
  for (const auto& entry : fs::recursive_directory_iterator(folder, options, ignored))
    if (entry.path().string().ends_with(".trans.txt")) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

// LibriSpeech has FLAC; copies that were decoded have WAV.
fs::path audio_of(const fs::path& folder, const std::string& utterance) {
  std::error_code ignored;
  const fs::path wav = folder / (utterance + ".wav");
  return fs::exists(wav, ignored) ? wav : folder / (utterance + ".flac");
}

Status list_chapter(const fs::path& transcripts, std::vector<ListedClip>& clips) {
  const auto lines = read_lines(transcripts);
  if (!lines) return lines.error();
  for (std::size_t i = 0; i < lines->size(); ++i) {
    const std::string& line = (*lines)[i];
    if (line.empty()) continue;
    const std::string utterance = line.substr(0, line.find(' '));
    if (utterance.empty()) clips.push_back(bad_line(transcripts, i + 1, "it names no utterance"));
    else
      clips.push_back({.id = utterance,
                       .audio = audio_of(transcripts.parent_path(), utterance),
                       .text = line.substr(std::min(line.size(), utterance.size() + 1))});
  }
  return success();
}

}  // namespace

Listing list_librispeech(const SplitSource& source) {
  std::vector<ListedClip> clips;
  for (const fs::path& folder : source.files)
    for (const fs::path& transcripts : transcripts_below(folder))
      if (const Status listed = list_chapter(transcripts, clips); !listed) return listed.error();
  if (!clips.empty()) return clips;
  return Error{"corpus_invalid",
               fmt::format("{}: no *.trans.txt below it lists an utterance", source.files.front().string()),
               "LibriSpeech has <speaker>/<chapter>/<speaker>-<chapter>.trans.txt beside the .flac files",
               ""};
}

}  // namespace sweetspot::worker
