#include "daemon/core/imported.h"

#include <fmt/format.h>

#include <set>

#include "schemas/alignment.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

constexpr const char* kAsGiven = "as given";

template <class T>
std::optional<T> optional_at(const json& object, const char* key) {
  auto found = object.find(key);
  return found == object.end() ? std::nullopt : std::optional(found->get<T>());
}

UtteranceResult utterance_of(const json& given, std::size_t number) {
  UtteranceResult utterance{.id = given.value("id", fmt::format("{}", number)),
                            .seconds = given.value("seconds", 0.0),
                            .reference = given.at("reference"),
                            .hypothesis = given.at("hypothesis")};
  auto [words, letters] = align_words(utterance.reference, utterance.hypothesis);
  utterance.words = words;
  utterance.alignment = std::move(letters);
  utterance.characters = align_characters(utterance.reference, utterance.hypothesis).counts;
  return utterance;
}

ImportedCell cell_of(const json& given) {
  ImportedCell cell{.encoder = given.at("encoder"),
                    .language = given.at("language"),
                    .layers = given.at("layers"),
                    .lora = given.at("lora"),
                    .seed = given.value("seed", std::int64_t{0}),
                    .settings = given.value("settings", json::object()),
                    .wer = optional_at<double>(given, "wer"),
                    .encoder_params = optional_at<std::int64_t>(given, "encoder_params"),
                    .adapter_params = optional_at<std::int64_t>(given, "adapter_params"),
                    .reduction = optional_at<double>(given, "reduction")};
  for (const json& utterance : given.value("utterances", json::array()))
    cell.utterances.push_back(utterance_of(utterance, cell.utterances.size()));
  return cell;
}

json about(const json& document) {
  json kept = {{"normalizer", kAsGiven}};
  for (const char* key : {"name", "source", "normalizer", "notes", "corpora"})
    if (document.contains(key)) kept[key] = document[key];
  return kept;
}

Errors errors_in(const std::vector<ImportedCell>& cells) {
  Errors errors;
  std::set<json> seen;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string pointer = fmt::format("/cells/{}", i);
    if (cells[i].wer.has_value() == !cells[i].utterances.empty())
      errors.push_back({"bad_value", "a cell has either a wer or utterances",
                        "leave `wer` out where the utterances are given: it follows from them", pointer});
    if (!seen.insert(identity_of(cells[i])).second)
      errors.push_back({"cell_twice", "this cell is there twice",
                        "give repeated runs another seed, or other settings", pointer});
  }
  return errors;
}

}  // namespace

json identity_of(const ImportedCell& cell) {
  return {{"imported", true},  {"encoder", cell.encoder},   {"layers", cell.layers},    {"lora", cell.lora},
          {"seed", cell.seed}, {"language", cell.language}, {"settings", cell.settings}};
}

Result<ImportedResults, Errors> read_imported(const json& document) {
  ImportedResults results{
      .name = document.at("name"), .source = document.at("source"), .into = {}, .about = about(document)};
  if (const auto into = optional_at<std::string>(document, "into")) {
    results.into = parse_id<SweepTag>(*into);
    if (!results.into)
      return Errors{{"bad_value", fmt::format("'{}' is no id of a sweep", *into), "such as sw_3", "/into"}};
  }
  for (const json& cell : document.at("cells")) results.cells.push_back(cell_of(cell));
  Errors errors = errors_in(results.cells);
  if (!errors.empty()) return errors;
  return results;
}

}  // namespace sweetspot::daemon
