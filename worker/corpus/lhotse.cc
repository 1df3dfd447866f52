#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <unordered_map>

#include "worker/corpus/listing.h"

namespace sweetspot::worker {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// The one file of one channel that a recording is. Others are refused: a command would be run, and of several
// channels it is not known here which one speaks.
fs::path audio_of(const json& recording, const fs::path& root) {
  const json& sources = recording.at("sources");
  if (!sources.is_array() || sources.size() != 1 || sources[0].at("channels").size() != 1)
    throw std::invalid_argument("the recording is not one file of one channel");
  const std::string type = sources[0].at("type").get<std::string>();
  if (type != "file") throw std::invalid_argument("a source of type " + type + " is not read, only files");
  if (recording.contains("transforms") && !recording["transforms"].is_null() &&
      !recording["transforms"].empty())
    throw std::invalid_argument("the recording's transforms are not applied");
  return root / sources[0].at("source").get<std::string>();
}

// What is said in a cut: its supervisions in order of time.
std::string text_of(const json& supervisions) {
  auto in_order = supervisions.get<std::vector<json>>();
  std::ranges::stable_sort(in_order, {}, [](const json& one) { return one.value("start", 0.0); });
  std::string text;
  for (const json& one : in_order) {
    if (!text.empty()) text += ' ';
    text += one.at("text").get<std::string>();
  }
  return text;
}

Listing list_cuts(const SplitSource& source) {
  return list_json_lines(source.files.front(), [&](const json& cut, std::size_t) {
    if (const std::string type = cut.value("type", "MonoCut"); type != "MonoCut")
      throw std::invalid_argument("a " + type + " is not read, only MonoCuts");
    return ListedClip{.id = cut.at("id").get<std::string>(),
                      .audio = audio_of(cut.at("recording"), source.root),
                      .offset = cut.at("start").get<double>(),
                      .seconds = cut.at("duration").get<double>(),
                      .text = text_of(cut.at("supervisions"))};
  });
}

// A recording by its id, or why it cannot be used.
using Recordings = std::unordered_map<std::string, ListedClip>;

Result<Recordings> read_recordings(const SplitSource& source) {
  auto listed = list_json_lines(source.files.front(), [&](const json& recording, std::size_t line) {
    const std::string id = recording.at("id").get<std::string>();
    try {
      return ListedClip{.id = id, .audio = audio_of(recording, source.root)};
    } catch (const std::exception& problem) {
      ListedClip unusable = bad_line(source.files.front(), line, problem.what());
      unusable.id = id;
      return unusable;
    }
  });
  if (!listed) return listed.error();
  Recordings recordings;
  for (ListedClip& clip : *listed) recordings.emplace(clip.id, std::move(clip));
  return recordings;
}

}  // namespace

Listing list_lhotse(const SplitSource& source) {
  if (source.files.size() == 1) return list_cuts(source);
  const auto recordings = read_recordings(source);
  if (!recordings) return recordings.error();
  return list_json_lines(source.files.back(), [&](const json& supervision, std::size_t) {
    const std::string recording = supervision.at("recording_id").get<std::string>();
    const auto found = recordings->find(recording);
    if (found == recordings->end())
      throw std::invalid_argument(
          fmt::format("recording \"{}\" is not in {}", recording, source.files.front().string()));
    ListedClip clip = found->second;
    clip.id = supervision.at("id").get<std::string>();
    clip.offset = supervision.at("start").get<double>();
    clip.seconds = supervision.at("duration").get<double>();
    clip.text = supervision.at("text").get<std::string>();
    return clip;
  });
}

}  // namespace sweetspot::worker
