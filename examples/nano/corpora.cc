// nano-corpora: makes the speech and text that the nano models learn from and that the example sweeps use.
// Sentences of small grammars, spoken by espeak-ng: synthetic speech, in the layout of Common Voice.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <set>

#include "examples/nano/grammar.h"
#include "examples/nano/speech.h"

namespace sweetspot::nano {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 3> kLanguages = {"da", "nl", "en"};

struct Options {
  fs::path out;
  fs::path grammar = "examples/nano/grammar";
  std::map<std::string, int> train = {{"da", 360}, {"nl", 720}, {"en", 960}};
  int dev = 100;
  int test = 150;
  std::uint64_t seed = 1;
  int text_lines = 0;
};

// One espeak-ng voice as a speaker: which variant it is decides its sex; speed and pitch vary a little around
// it.
Manner any_manner(const Grammar& grammar, Random& random) {
  static constexpr std::array kVariants = {"f1", "f2", "f3", "f4", "f5", "m1",
                                           "m2", "m3", "m4", "m6", "m7", "m8"};
  const auto& voices = grammar.voices();
  return {.voice = fmt::format("{}+{}", voices[random.below(voices.size())],
                               kVariants[random.below(kVariants.size())]),
          .speed = random.between(135, 200),
          .pitch = random.between(25, 75),
          .gain = static_cast<float>(random.between(40, 100)) / 100.0F};
}

void write_split(const Options& options, const std::string& language, const std::string& split, int count,
                 const Grammar& grammar, Speaker& speaker, Random& random) {
  const Split which = split == "train" ? Split::kTrain : split == "dev" ? Split::kDev : Split::kTest;
  std::ofstream table(options.out / language / (split + ".tsv"));
  table << "client_id\tpath\tsentence_id\tsentence\tsentence_domain\tup_votes\tdown_"
           "votes\tage\tgender\taccents\t"
           "variant\tlocale\tsegment\n";
  // When each word is said, which a real corpus does not know: pretraining uses it, sweeps do not.
  std::ofstream spoken(options.out / language / (split + "_words.tsv"));
  spoken << "path\tstart\tend\twords\n";
  std::set<std::string> said;
  for (int i = 0; i < count;) {
    const auto sentence = grammar.sentence(which, random);
    if (!said.insert(sentence).second) continue;
    const auto manner = any_manner(grammar, random);
    const auto clip = fmt::format("nano_{}_{}_{:05}.flac", language, split, i);
    const auto speech = speaker.say(sentence, manner);
    write_flac(options.out / language / "clips" / clip, speech.samples);
    for (const auto& words : speech.words) {
      spoken << fmt::format("{}\t{:.2f}\t{:.2f}\t{}\n", clip, words.start, words.end, words.text);
    }
    const bool female = manner.voice.find("+f") != std::string::npos;
    table << fmt::format("{}\t{}\t{}-{}-{}\t{}\t\t2\t0\t\t{}\tespeak-ng {}\t\t{}\t\n", manner.voice, clip,
                         language, split, i, sentence, female ? "female_feminine" : "male_masculine",
                         manner.voice, language);
    ++i;
  }
}

std::string invented_word(Random& random) {
  static constexpr std::string_view kConsonants = "bdfghjklmnprstvwz", kVowels = "aeiou";
  std::string word;
  for (int i = random.between(1, 3); i > 0; --i) {
    word += kConsonants[random.below(kConsonants.size())];
    word += kVowels[random.below(kVowels.size())];
    if (random.below(3) == 0) word += kConsonants[random.below(kConsonants.size())];
  }
  return word;
}

// Words in no order, so that a language model learns to repeat what it is given and not what it expects: each
// line draws from the digits of one language, from all vocabularies, from letters and made-up words, or from
// all.
std::string word_salad(const std::vector<Grammar>& grammars, const std::vector<std::string>& vocabulary,
                       Random& random) {
  const auto kind = random.below(4);
  const auto& digits = grammars[random.below(grammars.size())].digits();
  std::string line;
  for (int i = random.between(2, 7); i > 0; --i) {
    const auto source = kind == 3 ? random.below(4) : kind == 2 ? 2 + random.below(2) : kind;
    if (!line.empty()) line += ' ';
    if (source == 0) line += random.of(std::span<const std::string>(digits));
    if (source == 1) line += random.of(std::span<const std::string>(vocabulary));
    if (source == 2) line += static_cast<char>('a' + random.below(26));
    if (source == 3) line += invented_word(random);
  }
  return line;
}

void write_text(const Options& options, const std::vector<Grammar>& grammars) {
  Random random(options.seed + 7919);
  std::vector<std::string> vocabulary;
  for (const auto& grammar : grammars) {
    const auto words = grammar.vocabulary();
    vocabulary.insert(vocabulary.end(), words.begin(), words.end());
  }
  std::ofstream text(options.out / "text.txt");
  for (int i = 0; i < options.text_lines; ++i) {
    const auto& grammar = grammars[random.below(grammars.size())];
    text << (i % 2 == 0 ? grammar.sentence(Split::kTrain, random) : word_salad(grammars, vocabulary, random))
         << '\n';
  }
}

void make(const Options& options) {
  Speaker speaker;
  std::vector<Grammar> grammars;
  for (const std::string language : kLanguages) {
    const auto& grammar = grammars.emplace_back(options.grammar / (language + ".txt"));
    fs::create_directories(options.out / language / "clips");
    Random random(options.seed * 1000003 + grammars.size());
    const auto train = options.train.find(language);
    write_split(options, language, "train", train == options.train.end() ? 0 : train->second, grammar,
                speaker, random);
    write_split(options, language, "dev", options.dev, grammar, speaker, random);
    write_split(options, language, "test", options.test, grammar, speaker, random);
  }
  if (options.text_lines > 0) write_text(options, grammars);
}

}  // namespace
}  // namespace sweetspot::nano

int main(int argc, char** argv) {
  sweetspot::nano::Options options;
  CLI::App app("Makes synthetic speech corpora for the nano models, in the layout of Common Voice");
  app.add_option("--out", options.out, "directory to write da/, nl/, en/ and text.txt to")->required();
  app.add_option("--grammar", options.grammar, "directory of da.txt, nl.txt and en.txt")
      ->check(CLI::ExistingDirectory);
  app.add_option("--da", options.train["da"], "Danish training clips")->capture_default_str();
  app.add_option("--nl", options.train["nl"], "Dutch training clips")->capture_default_str();
  app.add_option("--en", options.train["en"], "English training clips")->capture_default_str();
  app.add_option("--dev", options.dev, "dev clips a language")->capture_default_str();
  app.add_option("--test", options.test, "test clips a language")->capture_default_str();
  app.add_option("--seed", options.seed, "other sentences and voices for another seed")
      ->capture_default_str();
  app.add_option("--text", options.text_lines, "lines of text.txt for a language model, none by default");
  CLI11_PARSE(app, argc, argv);
  try {
    sweetspot::nano::make(options);
  } catch (const std::exception& problem) {
    std::cerr << "nano-corpora: " << problem.what() << '\n';
    return 1;
  }
  return 0;
}
