#include "daemon/core/imported.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "schemas/alignment.h"
#include "schemas/normalize.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

constexpr std::string_view kNone = "none";    // the normaliser that is none
constexpr const char* kAsGiven = "as given";  // what tables then say
constexpr const char* kAsPublished = "as published";

template <class T>
std::optional<T> optional_at(const json& object, const char* key) {
  auto found = object.find(key);
  return found == object.end() ? std::nullopt : std::optional(found->get<T>());
}

// What is done to texts before they are compared; nullopt: nothing.
using Rules = std::optional<Normalizer>;

std::string under(const Rules& rules, const std::string& text) {
  return rules ? normalize(*rules, text) : text;
}

// As the worker scores its own: characters have a normaliser of their own.
UtteranceResult utterance_of(const json& given, std::size_t number, const Rules& rules) {
  const std::string reference = given.at("reference"), hypothesis = given.at("hypothesis");
  UtteranceResult utterance{.id = given.value("id", fmt::format("{}", number)),
                            .seconds = given.value("seconds", 0.0),
                            .reference = under(rules, reference),
                            .hypothesis = under(rules, hypothesis)};
  auto [words, letters] = align_words(utterance.reference, utterance.hypothesis);
  utterance.words = words;
  utterance.alignment = std::move(letters);
  const Rules characters = rules ? Rules(Normalizer::kPaperCer) : Rules();
  utterance.characters = align_characters(under(characters, reference), under(characters, hypothesis)).counts;
  return utterance;
}

ImportedCell cell_of(const json& given, const Rules& rules) {
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
    cell.utterances.push_back(utterance_of(utterance, cell.utterances.size(), rules));
  return cell;
}

bool has_texts(const json& document) {
  const json& cells = document.at("cells");
  return std::any_of(cells.begin(), cells.end(),
                     [](const json& cell) { return cell.contains("utterances"); });
}

// By name; its version may be left out.
Result<Rules> rules_named(const std::string& name) {
  if (name == kNone) return Rules();
  for (const std::string& known : normalizer_names())
    if (name == known || known.starts_with(name + "/")) return Rules(normalizer_named(known));
  return Error{"bad_value", fmt::format("'{}' is no normaliser", name),
               fmt::format("one of {}, or none: the texts are compared as they are given",
                           fmt::join(normalizer_names(), ", ")),
               "/normalizer"};
}

json about(const json& document, const Rules& rules) {
  json kept;
  for (const char* key : {"name", "source", "notes", "corpora"})
    if (document.contains(key)) kept[key] = document[key];
  if (!has_texts(document)) kept["normalizer"] = document.value("normalizer", kAsPublished);
  else kept["normalizer"] = rules ? std::string(normalizer_name(*rules)) : kAsGiven;
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
  Result<Rules> rules = Rules(Normalizer::kPaperWer);  // as own runs
  if (has_texts(document) && document.contains("normalizer")) rules = rules_named(document["normalizer"]);
  if (!rules) return Errors{rules.error()};
  ImportedResults results{.name = document.at("name"),
                          .source = document.at("source"),
                          .into = {},
                          .about = about(document, *rules)};
  if (const auto into = optional_at<std::string>(document, "into")) {
    results.into = parse_id<SweepTag>(*into);
    if (!results.into)
      return Errors{{"bad_value", fmt::format("'{}' is no id of a sweep", *into), "such as sw_3", "/into"}};
  }
  for (const json& cell : document.at("cells")) results.cells.push_back(cell_of(cell, *rules));
  Errors errors = errors_in(results.cells);
  if (!errors.empty()) return errors;
  return results;
}

}  // namespace sweetspot::daemon
