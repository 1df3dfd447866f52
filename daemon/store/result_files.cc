#include "daemon/store/result_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

#include "schemas/json_text.h"
#include "schemas/sha256.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;
namespace {

constexpr std::uintmax_t kMaxUtteranceBytes = std::uintmax_t(1) << 30;

Error unverified(std::string message) { return {"result_unverified", std::move(message), "", ""}; }

Result<std::string> read_regular_file(const fs::path& path) {
  std::error_code failed;
  if (!fs::is_regular_file(fs::symlink_status(path, failed))) return unverified(path.string() + " is not a file");
  if (fs::file_size(path, failed) > kMaxUtteranceBytes) return unverified(path.string() + " is larger than 1 GiB");
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  if (!file) return unverified(path.string() + " cannot be read");
  return bytes;
}

bool alignment_agrees(const UtteranceResult& utterance) {
  auto letters = [&](char letter) { return std::ranges::count(utterance.alignment, letter); };
  const EditCounts& words = utterance.words;
  return letters('H') == words.hits && letters('S') == words.substitutions && letters('D') == words.deletions &&
         letters('I') == words.insertions &&
         std::int64_t(utterance.alignment.size()) == words.reference() + words.insertions;
}

Result<UtteranceResult> parse_line(std::string_view line) {
  auto document = parse_json(line);
  if (!document) return document.error();
  auto utterance = utterance_result_from_json(*document);
  if (utterance && !alignment_agrees(*utterance)) return unverified("its alignment disagrees with its counts");
  return utterance;
}

Result<std::vector<UtteranceResult>> parse_lines(std::string_view bytes) {
  std::vector<UtteranceResult> utterances;
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    auto utterance = parse_line(bytes.substr(0, end));
    if (!utterance) {
      return unverified(fmt::format("{} line {}: {}", kUtterancesFile, utterances.size() + 1,
                                    utterance.error().message));
    }
    utterances.push_back(*std::move(utterance));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return utterances;
}

}  // namespace

Result<std::vector<UtteranceResult>> read_verified_utterances(const fs::path& attempt, const RunResult& declared) {
  auto bytes = read_regular_file(attempt / kUtterancesFile);
  if (!bytes) return bytes.error();
  if (const std::string found = sha256_hex(*bytes); found != declared.utterances_sha256) {
    return unverified(fmt::format("{} has SHA-256 {}, declared was {}", kUtterancesFile, found,
                                  declared.utterances_sha256));
  }
  auto utterances = parse_lines(*bytes);
  if (!utterances) return utterances;
  if (std::int64_t(utterances->size()) != declared.utterances) {
    return unverified(
        fmt::format("{} has {} lines, declared were {}", kUtterancesFile, utterances->size(), declared.utterances));
  }
  EditCounts words, characters;
  for (const UtteranceResult& utterance : *utterances) words += utterance.words, characters += utterance.characters;
  if (words != declared.words) {
    return unverified(fmt::format("the utterances have {} word errors in {} words, declared were {} in {}",
                                  words.errors(), words.reference(), declared.words.errors(),
                                  declared.words.reference()));
  }
  if (characters != declared.characters) {
    return unverified(fmt::format("the utterances have {} character errors, declared were {}", characters.errors(),
                                  declared.characters.errors()));
  }
  return utterances;
}

Result<std::vector<ArtifactFile>> list_artifacts(const fs::path& attempt) {
  std::vector<ArtifactFile> artifacts;
  std::error_code failed;
  for (fs::directory_iterator entry(attempt, failed), end; !failed && entry != end; entry.increment(failed)) {
    const fs::path& path = entry->path();
    if (path.filename() == kLogFile || !fs::is_regular_file(fs::symlink_status(path, failed))) continue;
    auto sha256 = sha256_file(path);
    if (!sha256) return sha256.error();
    artifacts.push_back({path.filename().string(), std::int64_t(fs::file_size(path, failed)), *std::move(sha256)});
  }
  if (failed) return unverified(fmt::format("{} cannot be listed: {}", attempt.string(), failed.message()));
  return artifacts;
}

}  // namespace sweetspot::daemon
