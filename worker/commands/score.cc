// sweetspot-worker score: reference and hypothesis pairs in, error rates out.
#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "schemas/json_text.h"
#include "schemas/normalize.h"
#include "worker/commands/commands.h"
#include "worker/text/wer.h"

namespace sweetspot::worker {

namespace {
struct ScoreOptions {
  std::filesystem::path pairs;
  std::string words = std::string(normalizer_name(Normalizer::kPaperWer));
  std::string characters = std::string(normalizer_name(Normalizer::kPaperCer));
  std::size_t batch = kPaperTestBatch;
};

struct Pair {
  std::string reference, hypothesis;
};

// One line of utterances.jsonl, or of a NeMo manifest with predictions.
Result<Pair> read_pair(const std::string& line, const std::string& place) {
  const auto document = parse_json(line);
  if (!document)
    return Error{"pairs_invalid", place + ": " + document.error().message, "give JSON lines", ""};
  for (const auto& [reference, hypothesis] :
       {std::pair("reference", "hypothesis"), std::pair("text", "pred_text")}) {
    if (!document->is_object() || !document->contains(reference) || !document->contains(hypothesis)) continue;
    if (!(*document)[reference].is_string() || !(*document)[hypothesis].is_string()) continue;
    return Pair{(*document)[reference], (*document)[hypothesis]};
  }
  return Error{"pairs_invalid", place + ": no texts reference and hypothesis, or text and pred_text",
               "give utterances.jsonl of a run, or a NeMo manifest with pred_text", ""};
}

Result<std::vector<Pair>> read_pairs(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::vector<Pair> pairs;
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    if (line.empty()) continue;
    auto pair = read_pair(line, fmt::format("{}:{}", file.string(), number));
    if (!pair) return pair.error();
    pairs.push_back(std::move(*pair));
  }
  if (pairs.empty())
    return Error{"pairs_invalid", file.string() + ": no pair of reference and hypothesis is in it",
                 "give one line an utterance", ""};
  return pairs;
}

nlohmann::json view(const EditCounts& counts) {
  return {{"hits", counts.hits},
          {"substitutions", counts.substitutions},
          {"deletions", counts.deletions},
          {"insertions", counts.insertions}};
}

int score_all(const ScoreOptions& options) {
  const auto pairs = read_pairs(options.pairs);
  if (!pairs) return complain(pairs.error());
  const auto by_word = normalizer_named(options.words), by_character = normalizer_named(options.characters);
  std::vector<EditCounts> utterances;
  EditCounts words, characters;
  for (const auto& [reference, hypothesis] : *pairs) {
    utterances.push_back(align_words(normalize(*by_word, reference), normalize(*by_word, hypothesis)).counts);
    words += utterances.back();
    characters +=
        align_characters(normalize(*by_character, reference), normalize(*by_character, hypothesis)).counts;
  }
  fmt::print("{}\n", dump_json({{"utterances", utterances.size()},
                                {"words", view(words)},
                                {"wer", words.rate()},
                                {"wer_normalizer", options.words},
                                {"characters", view(characters)},
                                {"cer", characters.rate()},
                                {"cer_normalizer", options.characters},
                                {"batch_mean_wer", batch_mean_rate(utterances, options.batch)},
                                {"batch", options.batch}}));
  return 0;
}
}  // namespace

void add_score(CLI::App& program, int& exit_code) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App* command = program.add_subcommand(
      "score", "word and character error rates of JSON lines with reference and hypothesis");
  command->add_option("PAIRS", options->pairs, "utterances.jsonl, or a NeMo manifest with pred_text")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--normalizer", options->words, "before words are compared")
      ->check(CLI::IsMember(normalizer_names()))
      ->capture_default_str();
  command->add_option("--character-normalizer", options->characters, "before characters are compared")
      ->check(CLI::IsMember(normalizer_names()))
      ->capture_default_str();
  command
      ->add_option("--batch", options->batch,
                   "batch size of batch_mean_wer, the paper code's mean over batches")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->callback([options, &exit_code] { exit_code = score_all(*options); });
}

}  // namespace sweetspot::worker
