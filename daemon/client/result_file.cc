#include "daemon/client/result_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

Error bad_line(std::size_t line, const std::string& what) {
  return {"bad_line", fmt::format("line {}: {}", line, what),
          "each line needs `reference` and `hypothesis`, or `text` and `pred_text` as in a NeMo manifest",
          ""};
}

// The value under the first of these names.
std::optional<json> first_of(const json& object, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (auto found = object.find(name); found != object.end() && !found->is_null()) return *found;
  return std::nullopt;
}

Result<json> utterance_of(const json& line, std::size_t number) {
  if (!line.is_object()) return bad_line(number, "this is no JSON object");
  const auto reference = first_of(line, {"reference", "text"}),
             hypothesis = first_of(line, {"hypothesis", "pred_text"});
  if (!reference || !reference->is_string()) return bad_line(number, "there is no text under `reference`");
  if (!hypothesis || !hypothesis->is_string()) return bad_line(number, "there is no text under `hypothesis`");
  json utterance = {{"reference", *reference}, {"hypothesis", *hypothesis}};
  if (const auto id = first_of(line, {"id", "audio_filepath"}); id && id->is_string()) utterance["id"] = *id;
  if (const auto seconds = first_of(line, {"seconds", "duration"}); seconds && seconds->is_number())
    utterance["seconds"] = *seconds;
  return utterance;
}

Result<json> read_json_lines(std::string_view text) {
  json utterances = json::array();
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    auto document = parse_json(line);
    if (!document) return bad_line(number, document.error().message);
    auto utterance = utterance_of(*document, number);
    if (!utterance) return utterance.error();
    utterances.push_back(*std::move(utterance));
  }
  return utterances;
}

// Takes one record of RFC 4180 from the front; fields may hold line feeds between quotes.
std::vector<std::string> take_record(std::string_view& text) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '"' && text.substr(at + 1, 1) == "\"") fields.back() += '"', ++at;
    else if (c == '"') quoted = !quoted;
    else if (!quoted && c == ',') fields.emplace_back();
    else if (!quoted && c == '\n') break;
    else if (quoted || c != '\r') fields.back() += c;
  }
  text.remove_prefix(std::min(at + 1, text.size()));
  return fields;
}

Result<json> read_csv(std::string_view text) {
  const auto header = take_record(text);
  json utterances = json::array();
  for (std::size_t number = 2; !text.empty(); ++number) {
    const auto record = take_record(text);
    if (record.size() == 1 && record[0].empty()) continue;
    if (record.size() != header.size())
      return bad_line(number, fmt::format("{} fields where the header has {}", record.size(), header.size()));
    json line = json::object();
    for (std::size_t i = 0; i < header.size(); ++i) line[header[i]] = record[i];
    auto utterance = utterance_of(line, number);
    if (!utterance) return utterance.error();
    utterances.push_back(*std::move(utterance));
  }
  return utterances;
}

}  // namespace

bool is_results_document(std::string_view text) {
  const auto document = parse_json(text);
  return document && document->is_object() && document->contains("cells");
}

Result<json> read_utterances(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  auto utterances = first != text.npos && text[first] == '{' ? read_json_lines(text) : read_csv(text);
  if (utterances && utterances->empty())
    return Error{"no_utterances", "there is no utterance in the file", "give one line an utterance", ""};
  return utterances;
}

}  // namespace sweetspot::daemon
