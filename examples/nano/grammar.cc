#include "examples/nano/grammar.h"

#include <fmt/format.h>

#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace sweetspot::nano {
namespace {

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

bool is_reference(const std::string& word) { return word.front() == '<' && word.back() == '>'; }
std::string referred(const std::string& word) { return word.substr(1, word.size() - 2); }

// FNV-1a, 64 bits: the same everywhere, unlike std::hash.
std::uint64_t fingerprint(const std::string& text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 1099511628211ULL;
  return hash ^ (hash >> 29);
}

Split split_of(const std::string& sentence) {
  const auto bucket = fingerprint(sentence) % 10;
  return bucket == 0 ? Split::kTest : bucket == 1 ? Split::kDev : Split::kTrain;
}

}  // namespace

Grammar::Grammar(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(fmt::format("{}: cannot be read", file.string()));
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (trimmed(line).empty() || line.front() == '#') continue;
    const auto equals = line.find('=');
    if (equals == std::string::npos) {
      throw std::runtime_error(
          fmt::format("{}:{}: expected 'rule = choice | choice'", file.string(), number));
    }
    std::istringstream choices(line.substr(equals + 1));
    auto& rule = rules_[trimmed(line.substr(0, equals))];
    for (std::string choice; std::getline(choices, choice, '|');) rule.push_back(trimmed(choice));
  }
  for (const auto& [name, choices] : rules_) {
    for (const auto& choice : choices) {
      for (const auto& word : words_of(choice)) {
        if (is_reference(word) && !rules_.contains(referred(word))) {
          throw std::runtime_error(
              fmt::format("{}: rule '{}' names {}, which has no line", file.string(), name, word));
        }
      }
    }
  }
  for (const char* needed : {"sentence", "voices", "word.digit"}) {
    if (!rules_.contains(needed)) {
      throw std::runtime_error(fmt::format("{}: the rule '{}' is missing", file.string(), needed));
    }
  }
}

std::string Grammar::expand(const std::string& rule, Random& random) const {
  std::string text;
  for (const auto& word : words_of(random.of(std::span<const std::string>(rules_.at(rule))))) {
    if (!text.empty()) text += ' ';
    text += is_reference(word) ? expand(referred(word), random) : word;
  }
  return text;
}

std::string Grammar::sentence(Split split, Random& random) const {
  while (true) {
    auto text = sentence(random);
    if (split_of(text) == split) return text;
  }
}

std::vector<std::string> Grammar::vocabulary() const {
  std::set<std::string> words;
  for (const auto& [name, choices] : rules_) {
    if (name == "voices") continue;
    for (const auto& choice : choices) {
      for (const auto& word : words_of(choice)) {
        if (!is_reference(word)) words.insert(word);
      }
    }
  }
  return {words.begin(), words.end()};
}

}  // namespace sweetspot::nano
