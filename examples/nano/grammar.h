// Sentences of one language, chosen from a grammar file (grammar/en.txt explains the format).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "examples/nano/random.h"

namespace sweetspot::nano {

enum class Split { kTrain, kDev, kTest };

class Grammar {
 public:
  // Throws std::runtime_error that names the file and the line or rule at fault.
  explicit Grammar(const std::filesystem::path& file);

  std::string sentence(Random& random) const { return expand("sentence", random); }
  // A sentence of one split. Which split a sentence belongs to is a property of its words, so that no
  // training text, of whatever seed, ever holds a test sentence.
  std::string sentence(Split split, Random& random) const;

  const std::vector<std::string>& voices() const { return rules_.at("voices"); }
  const std::vector<std::string>& digits() const { return rules_.at("word.digit"); }
  // Every distinct word that the grammar can say.
  std::vector<std::string> vocabulary() const;

 private:
  std::string expand(const std::string& rule, Random& random) const;

  std::map<std::string, std::vector<std::string>> rules_;
};

}  // namespace sweetspot::nano
