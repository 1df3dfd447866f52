#include "tests/fake_worker/made_up_result.h"

#include <array>
#include <cmath>
#include <random>

#include "schemas/json_text.h"
#include "schemas/sha256.h"

namespace sweetspot::fake {
namespace {

constexpr std::array kWords = {"hus",   "vand", "morgen", "stil", "bog",   "tree", "river", "lamp",
                               "fiets", "kaas", "winter", "gade", "night", "open", "brood", "sommer"};
constexpr int kWordsAnUtterance = 8;

// Numbers from 0 to 1 that depend on `seed` alone.
class Dice {
 public:
  explicit Dice(const std::string& seed)
      : random_(std::stoull(sha256_hex(seed).substr(0, 15), nullptr, 16)) {}
  double throw_one() { return double(random_()) / double(random_.max()); }

 private:
  std::mt19937_64 random_;
};

void add_word(std::string& text, std::string_view word) { (text += text.empty() ? "" : " ") += word; }

void hit(UtteranceResult& u, const std::string& word) {
  add_word(u.hypothesis, word);
  u.alignment += 'H', ++u.words.hits, u.characters.hits += std::int64_t(word.size());
}

// No word has an x, so every letter of the other word is a substitution.
void substitute(UtteranceResult& u, const std::string& word) {
  add_word(u.hypothesis, std::string(word.size(), 'x'));
  u.alignment += 'S', ++u.words.substitutions, u.characters.substitutions += std::int64_t(word.size());
}

void remove(UtteranceResult& u, const std::string& word) {
  u.alignment += 'D', ++u.words.deletions, u.characters.deletions += std::int64_t(word.size());
}

void insert(UtteranceResult& u) {
  add_word(u.hypothesis, "xx");
  u.alignment += 'I', ++u.words.insertions, u.characters.insertions += 2;
}

UtteranceResult make_utterance(const Cell& cell, int number) {
  UtteranceResult u{.id = "clip_" + std::to_string(number) + ".wav", .seconds = 2.0 + number % 7};
  u.audio = cell.corpus.path + "/clips/" + u.id;
  Dice dice(cell.language + u.id);  // the same for every cell, so that fewer errors are a subset of more
  for (int i = 0; i < kWordsAnUtterance; ++i) {
    const std::string word = kWords[std::size_t(dice.throw_one() * 0.999 * kWords.size())];
    add_word(u.reference, word);
    const bool wrong = dice.throw_one() < expected_wer(cell);
    const double kind = dice.throw_one();
    if (!wrong) hit(u, word);
    else if (kind < 0.6) substitute(u, word);
    else if (kind < 0.8) remove(u, word);
    else hit(u, word), insert(u);
  }
  return u;
}

}  // namespace

double expected_wer(const Cell& cell) {
  Dice dice(cell_hash(cell));
  const double depth = 0.6 * std::exp(-cell.layers / 4.0);
  return std::min(0.95, 0.05 + depth * (cell.lora ? 0.7 : 1.0) + 0.01 * dice.throw_one());
}

std::vector<UtteranceResult> make_utterances(const Cell& cell, int count) {
  std::vector<UtteranceResult> utterances;
  for (int number = 0; number < count; ++number) utterances.push_back(make_utterance(cell, number));
  return utterances;
}

std::string to_lines(const std::vector<UtteranceResult>& utterances) {
  std::string lines;
  for (const UtteranceResult& utterance : utterances) lines += dump_json(to_json(utterance)) + "\n";
  return lines;
}

Timing made_up_timing(const Cell& cell, double seconds) {
  const double encode = 0.01 * cell.layers * seconds;
  return {.audio = 0.05 * seconds,
          .encode = encode,
          .train = 0.55 * seconds - encode,
          .validate = 0.2 * seconds,
          .test = 0.15 * seconds,
          .other = 0.05 * seconds,
          .saved = 3 * encode};
}

RunResult declare(const Cell& cell, const std::vector<UtteranceResult>& utterances) {
  RunResult result{.utterances = std::int64_t(utterances.size()),
                   .utterances_sha256 = sha256_hex(to_lines(utterances))};
  for (const UtteranceResult& u : utterances) {
    result.words += u.words, result.characters += u.characters, result.audio_seconds += u.seconds;
  }
  result.batch_mean_wer = batch_mean_wer(utterances);
  result.validation_wer = expected_wer(cell);
  result.parameters = {.encoder = 500'000 + 1'000'000 * std::int64_t(cell.layers),
                       .projector = 400'000,
                       .adapter = cell.lora ? 50'000 * std::int64_t(cell.lora->r) : 0,
                       .llm = 3'000'000};
  result.train = {.utterances = 100, .seconds = 400};
  result.dev = {.utterances = 20, .seconds = 80};
  result.test = {.utterances = result.utterances, .seconds = result.audio_seconds};
  result.precision = "fp32";
  result.build = "fake";
  return result;
}

}  // namespace sweetspot::fake
