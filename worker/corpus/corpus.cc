#include "worker/corpus/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <random>

#include "worker/audio/sound_file.h"
#include "worker/corpus/listing.h"
#include "worker/text/normalize.h"

namespace sweetspot::worker {
namespace {

constexpr std::ptrdiff_t kLongestText = 500;  // characters
constexpr std::uint64_t kSubsetSeed = 42;

std::ptrdiff_t length_in_characters(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; });
}

// Fisher-Yates with a fixed engine, because the standard library's shuffle differs between libraries.
void shuffle(std::vector<ListedClip>& clips) {
  std::mt19937_64 random(kSubsetSeed);
  for (std::size_t i = clips.size(); i > 1; --i) std::swap(clips[i - 1], clips[random() % i]);
}

struct Reason {
  std::string reason, detail;
};

Result<Utterance, Reason> examine(ListedClip clip, const std::array<double, 2>& filter) {
  Utterance utterance{.id = std::move(clip.id), .audio = std::move(clip.audio), .offset = clip.offset};
  utterance.text = normalize(Normalizer::kTrainingText, clip.text);
  if (utterance.text.empty()) return Reason{"text_empty", fmt::format("\"{}\"", clip.text)};
  if (const auto length = length_in_characters(utterance.text); length > kLongestText) {
    return Reason{"text_too_long", fmt::format("{} characters, at most {}", length, kLongestText)};
  }
  const auto file_seconds = audio_seconds(utterance.audio);
  if (!file_seconds) return Reason{file_seconds.error().code, file_seconds.error().message};
  utterance.seconds = std::min(clip.seconds, *file_seconds - clip.offset);
  if (!(clip.offset >= 0) || !(utterance.seconds > 0)) {
    return Reason{"audio_unreadable", fmt::format("offset {} s and duration {} s in a file of {:.3f} s",
                                                  clip.offset, clip.seconds, *file_seconds)};
  }
  const std::string detail =
      fmt::format("{:.3f} s, kept are {} to {} s", utterance.seconds, filter[0], filter[1]);
  if (utterance.seconds < filter[0]) return Reason{"too_short", detail};
  if (utterance.seconds > filter[1]) return Reason{"too_long", detail};
  return utterance;
}

struct Limits {
  std::optional<int> utterances;
  std::optional<double> hours;
};

// Takes clips in order, until the split is as large as wanted.
Split choose(std::vector<ListedClip> clips, std::string_view name, const Limits& limits,
             const CorpusSpec& spec, std::vector<SkippedClip>& skipped) {
  Split split;
  if (limits.hours) shuffle(clips);
  const double wanted = limits.hours.value_or(std::numeric_limits<double>::infinity()) * 3600;
  double seconds = 0;
  for (ListedClip& clip : clips) {
    if (limits.utterances && std::ssize(split.utterances) >= *limits.utterances) break;
    if (limits.hours && seconds + spec.filter_seconds[0] > wanted) break;  // nothing fits any more
    const std::string id = clip.id;
    auto utterance = examine(std::move(clip), spec.filter_seconds);
    if (!utterance) {
      ++split.skipped;
      skipped.push_back({std::string(name), id, utterance.error().reason, utterance.error().detail});
    } else if (seconds + utterance->seconds <= wanted) {
      seconds += utterance->seconds;
      split.utterances.push_back(*std::move(utterance));
    }
  }
  return split;
}

Error empty_split(std::string_view name, const CorpusSpec& spec, const std::vector<SkippedClip>& skipped) {
  std::string message = fmt::format("the {} split of {} has no clip that can be used", name, spec.path);
  const auto first =
      std::find_if(skipped.begin(), skipped.end(), [&](auto& clip) { return clip.split == name; });
  if (first != skipped.end()) {
    const auto count = std::count_if(first, skipped.end(), [&](auto& clip) { return clip.split == name; });
    message += fmt::format("; {} skipped, the first one {}: {} ({})", count, first->id, first->reason,
                           first->detail);
  }
  return Error{"split_empty", message, "check the clips' paths, filter_seconds and the limits of the corpus",
               ""};
}

}  // namespace

Result<std::vector<std::string>> read_lines(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) {
    return Error{
        "corpus_missing", fmt::format("cannot open {}", path.string()),
        "the corpus directory must hold train, dev and test: .tsv files for common-voice, .json files for "
        "nemo-manifest",
        ""};
  }
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (lines.empty() && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

SplitSize Split::size() const {
  SplitSize size{.utterances = std::ssize(utterances), .skipped = skipped};
  for (const Utterance& utterance : utterances) size.seconds += utterance.seconds;
  return size;
}

Result<Corpus> read_corpus(const CorpusSpec& spec) {
  if (spec.format != "common-voice" && spec.format != "nemo-manifest") {
    return Error{"corpus_format_unknown", fmt::format("corpus format \"{}\" is unknown", spec.format),
                 "use common-voice or nemo-manifest", "/format"};
  }
  std::error_code ignored;
  if (!std::filesystem::is_directory(spec.path, ignored)) {
    return Error{"corpus_missing", fmt::format("the corpus directory {} does not exist", spec.path),
                 "give the directory that holds the train, dev and test files", "/path"};
  }
  const auto list = spec.format == "common-voice" ? list_common_voice : list_nemo_manifest;
  Corpus corpus;
  struct Part {
    const char* name;
    Split& split;
    Limits limits;
  };
  for (const Part& part : {Part{"train", corpus.train, {spec.limit_train, spec.train_hours}},
                           Part{"dev", corpus.dev, {spec.limit_dev, std::nullopt}},
                           Part{"test", corpus.test, {spec.limit_test, std::nullopt}}}) {
    auto clips = list(spec.path, part.name);
    if (!clips) return clips.error();
    part.split = choose(*std::move(clips), part.name, part.limits, spec, corpus.skipped);
    if (part.split.utterances.empty()) return empty_split(part.name, spec, corpus.skipped);
  }
  return corpus;
}

}  // namespace sweetspot::worker
