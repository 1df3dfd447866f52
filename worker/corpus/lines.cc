#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "schemas/json_text.h"
#include "worker/corpus/listing.h"

namespace sweetspot::worker {
namespace {

constexpr std::size_t kDetailLength = 200;  // of a line that makes no sense

struct CloseFile {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

// The bytes of a file; zlib passes those through that are not gzipped.
Result<std::string> read_text(const std::filesystem::path& path) {
  const std::unique_ptr<gzFile_s, CloseFile> file(
      std::filesystem::is_directory(path) ? nullptr : gzopen(path.c_str(), "rb"));
  if (!file)
    return Error{"corpus_missing", fmt::format("cannot open {}", path.string()),
                 "check that the corpus was unpacked completely, and its permissions", ""};
  std::string text;
  std::array<char, 1 << 16> block;
  int count = 0;
  while ((count = gzread(file.get(), block.data(), block.size())) > 0)
    text.append(block.data(), std::size_t(count));
  int problem = Z_OK;
  const char* what = gzerror(file.get(), &problem);
  if (count == 0 && problem == Z_OK) return text;
  return Error{"corpus_invalid", fmt::format("{} is damaged or cut short: {}", path.string(), what),
               "fetch or make the file again", ""};
}

}  // namespace

Result<std::vector<std::string>> read_lines(const std::filesystem::path& path) {
  const auto text = read_text(path);
  if (!text) return text.error();
  std::vector<std::string> lines;
  for (std::size_t at = text->starts_with("\xEF\xBB\xBF") ? 3 : 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    lines.push_back(text->substr(at, end - at));
    if (lines.back().ends_with('\r')) lines.back().pop_back();
    at = end + 1;
  }
  return lines;
}

std::string line_id(const std::filesystem::path& file, std::size_t line) {
  return fmt::format("{}:{}", file.filename().string(), line);
}

ListedClip bad_line(const std::filesystem::path& file, std::size_t line, const std::string& why) {
  return {.id = line_id(file, line),
          .problem = Reason{"line_invalid", fmt::format("{}, line {}: {}", file.string(), line,
                                                        why.substr(0, kDetailLength))}};
}

Listing list_json_lines(const std::filesystem::path& file, const ReadClip& read) {
  const auto lines = read_lines(file);
  if (!lines) return lines.error();
  std::vector<ListedClip> clips;
  for (std::size_t i = 0; i < lines->size(); ++i) {
    if ((*lines)[i].find_first_not_of(" \t") == std::string::npos) continue;
    const auto entry = parse_json((*lines)[i]);
    if (!entry || !entry->is_object()) {
      clips.push_back(bad_line(file, i + 1, entry ? "it is not a JSON object" : entry.error().message));
      continue;
    }
    try {
      clips.push_back(read(*entry, i + 1));
    } catch (const std::exception& problem) {
      clips.push_back(bad_line(file, i + 1, problem.what()));
    }
  }
  return clips;
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char letter : line) {
    if (letter == '\t') fields.emplace_back();
    else fields.back() += letter;
  }
  return fields;
}

}  // namespace sweetspot::worker
