#include "schemas/corpus_files.h"

#include <algorithm>
#include <array>

namespace sweetspot {

namespace {
namespace fs = std::filesystem;
using Paths = std::vector<fs::path>;

struct FormatName {
  std::string_view name;
  CorpusFormat format;
  const char* layout;  // what such a corpus must hold
};
constexpr std::array kFormats = {
    FormatName{
        "common-voice", CorpusFormat::common_voice,
        "a Common Voice corpus has train.tsv, dev.tsv, test.tsv and clips/ (a delta release has no splits)"},
    FormatName{"fleurs", CorpusFormat::fleurs,
               "FLEURS has train.tsv, dev.tsv, test.tsv and audio/{train,dev,test}/ for each language"},
    FormatName{"librispeech", CorpusFormat::librispeech,
               "LibriSpeech has folders train-clean-100 (or others of train-*), dev-clean and test-clean"},
    FormatName{"librispeech-other", CorpusFormat::librispeech_other,
               "LibriSpeech has folders train-clean-100 (or others of train-*), dev-other and test-other"},
    FormatName{
        "nemo-manifest", CorpusFormat::nemo_manifest,
        "a nemo-manifest corpus has train.json, dev.json and test.json (or .jsonl, or train_manifest.json)"},
    FormatName{"lhotse", CorpusFormat::lhotse,
               "a lhotse corpus has, for each split, cuts_train.jsonl.gz, or recordings_train.jsonl.gz and "
               "supervisions_train.jsonl.gz, or the same in a folder train/"}};

const FormatName* find_format(std::string_view name) {
  const auto found = std::ranges::find(kFormats, name, &FormatName::name);
  return found == kFormats.end() ? nullptr : &*found;
}

// The entries of a folder whose names fit, sorted.
template <class Fits>
Paths entries(const fs::path& folder, Fits fits) {
  Paths found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (fits(entry.path().filename().string())) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

Paths first_file(const fs::path& root, std::initializer_list<std::string> names) {
  for (const std::string& name : names)
    if (is_file(root / name)) return {root / name};
  return {};
}

Paths librispeech_folders(const fs::path& root, const std::string& split, const std::string& kind) {
  const std::string subset = split + "-" + kind;
  const bool training = split == "train";
  const auto is_part = [&](const std::string& name) { return name == split; };
  const auto is_subset = [&](const std::string& name) {
    return training ? name.starts_with("train-") : name == subset;
  };
  Paths folders = entries(root, is_part);
  return folders.empty() ? entries(root, is_subset) : folders;
}

// One manifest of a kind: <split>/cuts.jsonl[.gz], or <prefix>cuts_<split>.jsonl[.gz] where there is one
// alone.
Paths lhotse_manifest(const fs::path& root, const std::string& split, const std::string& kind) {
  if (Paths inside = first_file(root / split, {kind + ".jsonl.gz", kind + ".jsonl"}); !inside.empty())
    return inside;
  const std::string end = kind + "_" + split + ".jsonl";
  Paths beside = entries(
      root, [&](const std::string& name) { return name.ends_with(end) || name.ends_with(end + ".gz"); });
  return beside.size() == 1 ? beside : Paths{};
}

Paths lhotse_files(const fs::path& root, const std::string& split) {
  if (Paths cuts = lhotse_manifest(root, split, "cuts"); !cuts.empty()) return cuts;
  Paths files = lhotse_manifest(root, split, "recordings");
  const Paths supervisions = lhotse_manifest(root, split, "supervisions");
  if (files.empty() || supervisions.empty()) return {};
  files.push_back(supervisions.front());
  return files;
}

Paths files_of(CorpusFormat format, const fs::path& root, const std::string& split) {
  switch (format) {
    case CorpusFormat::common_voice:
    case CorpusFormat::fleurs:
      return first_file(root, {split + ".tsv"});
    case CorpusFormat::librispeech:
      return librispeech_folders(root, split, "clean");
    case CorpusFormat::librispeech_other:
      return librispeech_folders(root, split, "other");
    case CorpusFormat::nemo_manifest:
      return first_file(root, {split + ".json", split + ".jsonl", split + "_manifest.json"});
    case CorpusFormat::lhotse:
      return lhotse_files(root, split);
  }
  return {};
}
}  // namespace

std::optional<CorpusFormat> parse_corpus_format(std::string_view name) {
  const FormatName* format = find_format(name);
  return format ? std::optional(format->format) : std::nullopt;
}

Result<Paths> split_files(const CorpusSpec& corpus, std::string_view split) {
  const FormatName* format = find_format(corpus.format);
  if (!format) {
    std::string names;
    for (const FormatName& known : kFormats) names += (names.empty() ? "" : ", ") + std::string(known.name);
    return Error{"corpus_format_unknown", "corpus format \"" + corpus.format + "\" is unknown",
                 "use one of " + names, "/format"};
  }
  Paths files = files_of(format->format, corpus.path, std::string(split));
  if (!files.empty()) return files;
  return Error{
      "corpus_missing",
      "there is no " + std::string(split) + " split of format " + corpus.format + " in " + corpus.path,
      format->layout, "/path"};
}

}  // namespace sweetspot
