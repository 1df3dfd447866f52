#include "daemon/report/patterns.h"

#include <algorithm>

#include "daemon/report/groups.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

constexpr double kBadlyWrong = 0.8;
constexpr std::size_t kLongestLoop = 4, kTurns = 3;  // words of a loop; how often it has to come

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(' ', begin), text.size());
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

bool loops(const std::vector<std::string>& words) {
  for (std::size_t length = 1; length <= kLongestLoop; ++length) {
    std::size_t same = 0;  // words in a row that equal the one `length` before them
    for (std::size_t i = length; i < words.size(); ++i) {
      same = words[i] == words[i - length] ? same + 1 : 0;
      if (same == length * (kTurns - 1)) return true;
    }
  }
  return false;
}

std::string without_blanks(std::string text) {
  std::erase(text, ' ');
  return text;
}

std::vector<std::int64_t> rescued(const Evidence& cut, const Evidence& cut_lora) {
  std::vector<std::int64_t> numbers;
  for (std::size_t u = 0; u < cut.errors.size(); ++u)
    if (rate(cut, u) > kBadlyWrong && cut_lora.errors[u] == 0) numbers.push_back(std::int64_t(u));
  return numbers;
}

json row_of(const Quartet& quartet, std::int64_t number, const UtteranceResult& utterance) {
  json row = row_head(quartet);
  const std::string tag = tag_of(utterance.reference, utterance.hypothesis);
  row.update({{"number", number},
              {"utterance", utterance.id},
              {"reference", utterance.reference},
              {"hypothesis", utterance.hypothesis},
              {"wer", utterance.words.rate()},
              {"tag", tag.empty() ? json() : json(tag)},
              {"words", aligned_words(utterance)},
              {"run", to_string(quartet.pruned->run)}});
  return row;
}

}  // namespace

std::string tag_of(const std::string& reference, const std::string& hypothesis) {
  if (loops(words_of(hypothesis)) && !loops(words_of(reference))) return "repetition";
  const bool same_letters = without_blanks(reference) == without_blanks(hypothesis);
  return same_letters && reference != hypothesis ? "compound" : "";
}

json aligned_words(const UtteranceResult& utterance) {
  const auto reference = words_of(utterance.reference), hypothesis = words_of(utterance.hypothesis);
  json pairs = json::array();
  std::size_t r = 0, h = 0;
  for (char op : utterance.alignment) {
    const bool has_reference = op != 'I' && r < reference.size(),
               has_hypothesis = op != 'D' && h < hypothesis.size();
    pairs.push_back({{"op", std::string(1, op)},
                     {"reference", has_reference ? reference[r++] : ""},
                     {"hypothesis", has_hypothesis ? hypothesis[h++] : ""}});
  }
  return pairs;
}

Report patterns_table(std::span<const CellResult> cells, const UtterancesOf& utterances_of) {
  Report table{
      .name = "patterns",
      .definition =
          "Test utterances whose WER is above 80 % with the encoder cut to the next depth of the sweep and 0 "
          "once LoRA is added. Tag: repetition (one to four words come three times or more on end), compound "
          "(differs in blanks only), or none; shown is the hypothesis without LoRA.",
      .columns = head_columns(),
      .summary = {{"found", json::array()}}};
  table.columns.insert(table.columns.end(), {{"utterance", "Utterance"},
                                             {"wer", "WER", ColumnKind::ratio},
                                             {"tag", "Tag"},
                                             {"reference", "Reference"},
                                             {"hypothesis", "Hypothesis"},
                                             {"run", "Run"}});
  add_settings_column(table, cells);
  const auto groups = encoder_groups(cells);
  for (const Quartet& quartet : quartets(groups)) {
    note_missing(table, {quartet.pruned, quartet.pruned_lora});
    const std::string why = why_not_paired({quartet.pruned, quartet.pruned_lora});
    json found = row_head(quartet);
    found.update({{"found", nullptr}, {"shown", 0}, {"why_not", why.empty() ? json() : json(why)}});
    if (why.empty()) {
      auto numbers = rescued(*quartet.pruned->evidence, *quartet.pruned_lora->evidence);
      found["found"] = numbers.size();
      numbers.resize(std::min(numbers.size(), kMostPatterns));
      const auto utterances = utterances_of(quartet.pruned->run, numbers);
      for (std::size_t i = 0; i < utterances.size(); ++i)
        table.rows.push_back(row_of(quartet, numbers[i], utterances[i]));
      found["shown"] = utterances.size();
    }
    table.summary["found"].push_back(std::move(found));
  }
  return table;
}

}  // namespace sweetspot::daemon
