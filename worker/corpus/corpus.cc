#include "worker/corpus/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>
#include <unordered_map>

#include "schemas/corpus_files.h"
#include "schemas/normalize.h"
#include "worker/audio/sound_file.h"
#include "worker/corpus/listing.h"

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

// A second clip of the same id is left out: two clips could not be told apart in results.
void mark_duplicates(std::vector<ListedClip>& clips) {
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const auto [first, is_new] = seen.emplace(clips[i].id, i);
    if (!is_new && !clips[i].problem)
      clips[i].problem = Reason{"duplicate_id", fmt::format("clip {} of the split has the same id as clip {}",
                                                            i + 1, first->second + 1)};
  }
}

// Where the clip lies in a file of so many seconds; nullopt: it makes sense.
std::optional<Reason> bad_duration(const ListedClip& clip, double file_seconds) {
  if (clip.offset >= 0 && clip.seconds > 0 && clip.offset < file_seconds) return std::nullopt;
  return Reason{"bad_duration", fmt::format("offset {} s and duration {} s in a file of {:.3f} s",
                                            clip.offset, clip.seconds, file_seconds)};
}

Result<Utterance, Reason> examine(ListedClip clip, const std::array<double, 2>& filter) {
  if (clip.problem) return *std::move(clip.problem);
  Utterance utterance{.id = std::move(clip.id), .audio = std::move(clip.audio), .offset = clip.offset};
  utterance.text = normalize(Normalizer::kTrainingText, clip.text);
  if (utterance.text.empty()) return Reason{"text_empty", fmt::format("\"{}\"", clip.text)};
  if (const auto length = length_in_characters(utterance.text); length > kLongestText) {
    return Reason{"text_too_long", fmt::format("{} characters, at most {}", length, kLongestText)};
  }
  const auto file_seconds = audio_seconds(utterance.audio);
  if (!file_seconds) return Reason{file_seconds.error().code, file_seconds.error().message};
  if (auto problem = bad_duration(clip, *file_seconds)) return *std::move(problem);
  utterance.seconds = std::min(clip.seconds, *file_seconds - clip.offset);
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
  mark_duplicates(clips);
  if (limits.hours) shuffle(clips);
  const double wanted = limits.hours.value_or(std::numeric_limits<double>::infinity()) * 3600;
  double seconds = 0;
  for (ListedClip& clip : clips) {
    if (limits.utterances && std::ssize(split.utterances) >= *limits.utterances) break;
    if (limits.hours && seconds + spec.filter_seconds[0] > wanted) break;  // nothing fits any more
    const std::string id = clip.id;
    auto utterance = examine(std::move(clip), spec.filter_seconds);
    if (!utterance) {
      ++split.skipped, ++split.reasons[utterance.error().reason];
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

SplitSize Split::size() const {
  SplitSize size{.utterances = std::ssize(utterances), .skipped = skipped, .reasons = reasons};
  for (const Utterance& utterance : utterances) size.seconds += utterance.seconds;
  return size;
}

namespace {

Listing list_split(const CorpusSpec& spec, const std::string& split) {
  const auto files = split_files(spec, split);
  if (!files) return files.error();
  const SplitSource source = {spec.path, split, *files};
  switch (*parse_corpus_format(spec.format)) {
    case CorpusFormat::common_voice:
      return list_common_voice(source);
    case CorpusFormat::fleurs:
      return list_fleurs(source);
    case CorpusFormat::librispeech:
    case CorpusFormat::librispeech_other:
      return list_librispeech(source);
    case CorpusFormat::nemo_manifest:
      return list_nemo_manifest(source);
    case CorpusFormat::lhotse:
      return list_lhotse(source);
  }
  return std::vector<ListedClip>();
}

}  // namespace

Result<Corpus> read_corpus(const CorpusSpec& spec) {
  std::error_code ignored;
  if (parse_corpus_format(spec.format) && !std::filesystem::is_directory(spec.path, ignored)) {
    return Error{"corpus_missing", fmt::format("the corpus directory {} does not exist", spec.path),
                 "give the directory that holds the train, dev and test splits", "/path"};
  }
  Corpus corpus;
  struct Part {
    const char* name;
    Split& split;
    Limits limits;
  };
  for (const Part& part : {Part{"train", corpus.train, {spec.limit_train, spec.train_hours}},
                           Part{"dev", corpus.dev, {spec.limit_dev, std::nullopt}},
                           Part{"test", corpus.test, {spec.limit_test, std::nullopt}}}) {
    auto clips = list_split(spec, part.name);
    if (!clips) return clips.error();
    part.split = choose(*std::move(clips), part.name, part.limits, spec, corpus.skipped);
    if (part.split.utterances.empty()) return empty_split(part.name, spec, corpus.skipped);
  }
  return corpus;
}

}  // namespace sweetspot::worker
