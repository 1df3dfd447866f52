#include "daemon/store/result_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "schemas/attempt_files.h"
#include "schemas/json_text.h"
#include "schemas/sha256.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;
namespace {

constexpr std::uintmax_t kMaxUtteranceBytes = std::uintmax_t(1) << 30;

Error unverified(std::string message) { return {"result_unverified", std::move(message), "", ""}; }

// Of descriptors or memory; no fault of the worker's, and it passes.
bool is_shortage(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }
Error unreadable(const fs::path& path, int error) {
  const std::string message = fmt::format("{} cannot be read: {}", path.string(), std::strerror(error));
  if (is_shortage(error)) return {"shortage", message, "raise the limit of open files (ulimit -n)", ""};
  return unverified(message);
}

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

Result<std::string> read_regular_file(const fs::path& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  struct stat about {};
  if (file.number < 0 || ::fstat(file.number, &about) != 0) return unreadable(path, errno);
  if (!S_ISREG(about.st_mode)) return unverified(path.string() + " is not a file");
  if (std::uintmax_t(about.st_size) > kMaxUtteranceBytes)
    return unverified(path.string() + " is larger than 1 GiB");
  std::string bytes(std::size_t(about.st_size), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const auto count = ::read(file.number, bytes.data() + done, bytes.size() - done);
    if (count == 0) return unverified(path.string() + " became shorter while it was read");
    if (count < 0 && errno != EINTR) return unreadable(path, errno);
    if (count > 0) done += std::size_t(count);
  }
  return bytes;
}

bool alignment_agrees(const UtteranceResult& utterance) {
  auto letters = [&](char letter) { return std::ranges::count(utterance.alignment, letter); };
  const EditCounts& words = utterance.words;
  return letters('H') == words.hits && letters('S') == words.substitutions &&
         letters('D') == words.deletions && letters('I') == words.insertions &&
         std::int64_t(utterance.alignment.size()) == words.reference() + words.insertions;
}

Result<UtteranceResult> parse_line(std::string_view line) {
  auto document = parse_json(line);
  if (!document) return document.error();
  auto utterance = utterance_result_from_json(*document);
  if (utterance && !alignment_agrees(*utterance))
    return unverified("its alignment disagrees with its counts");
  return utterance;
}

Result<std::vector<UtteranceResult>> parse_lines(std::string_view bytes) {
  std::vector<UtteranceResult> utterances;
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    auto utterance = parse_line(bytes.substr(0, end));
    if (!utterance) {
      return unverified(
          fmt::format("{} line {}: {}", kUtterancesFile, utterances.size() + 1, utterance.error().message));
    }
    utterances.push_back(*std::move(utterance));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return utterances;
}

}  // namespace

Result<std::vector<UtteranceResult>> read_verified_utterances(const fs::path& attempt,
                                                              const RunResult& declared) {
  auto bytes = read_regular_file(attempt / kUtterancesFile);
  if (!bytes) return bytes.error();
  if (const std::string found = sha256_hex(*bytes); found != declared.utterances_sha256) {
    return unverified(fmt::format("{} has SHA-256 {}, declared was {}", kUtterancesFile, found,
                                  declared.utterances_sha256));
  }
  auto utterances = parse_lines(*bytes);
  if (!utterances) return utterances;
  if (std::int64_t(utterances->size()) != declared.utterances) {
    return unverified(fmt::format("{} has {} lines, declared were {}", kUtterancesFile, utterances->size(),
                                  declared.utterances));
  }
  EditCounts words, characters;
  for (const UtteranceResult& utterance : *utterances)
    words += utterance.words, characters += utterance.characters;
  if (words != declared.words) {
    return unverified(fmt::format("the utterances have {} word errors in {} words, declared were {} in {}",
                                  words.errors(), words.reference(), declared.words.errors(),
                                  declared.words.reference()));
  }
  if (characters != declared.characters) {
    return unverified(fmt::format("the utterances have {} character errors, declared were {}",
                                  characters.errors(), declared.characters.errors()));
  }
  return utterances;
}

Result<std::vector<ArtifactFile>> list_artifacts(const fs::path& attempt) {
  std::vector<ArtifactFile> artifacts;
  std::error_code failed;
  for (fs::directory_iterator entry(attempt, failed), end; !failed && entry != end; entry.increment(failed)) {
    const fs::path& path = entry->path();
    if (path.filename() == kLogFile || !fs::is_regular_file(fs::symlink_status(path, failed))) continue;
    errno = 0;
    auto sha256 = sha256_file(path);
    if (!sha256) return unreadable(path, errno);
    artifacts.push_back(
        {path.filename().string(), std::int64_t(fs::file_size(path, failed)), *std::move(sha256)});
  }
  if (failed) return unreadable(attempt, failed.value());
  return artifacts;
}

std::string resumption_of(const fs::path& attempt) {
  const auto bytes = read_regular_file(attempt / kResumedFile);
  const auto resumptions = bytes ? parse_json(*bytes) : Result<nlohmann::json>(bytes.error());
  if (!resumptions || !resumptions->is_array() || resumptions->empty()) return "";
  for (const auto& one : *resumptions)
    if (one.is_object() && !one.value("bit_exact", true))
      return "not bit-exact:" + one.value("changed", std::string());
  return "bit-exact";
}

}  // namespace sweetspot::daemon
