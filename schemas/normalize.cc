#include "schemas/normalize.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/regex.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include "schemas/metrics.h"

namespace sweetspot {
namespace {

using icu::UnicodeString;

// The paper's code is Python, whose \w and \s are not ICU's: letters, numbers and _ (no marks), and Unicode's
// blanks with the four separators U+001C to U+001F.
#define WORD R"([\p{L}\p{N}_])"
#define BLANK R"([\p{White_Space}\x{1C}-\x{1F}])"

// A pattern, compiled once, and what replaces its matches.
class Rule {
 public:
  Rule(const char* pattern, const char* replacement) : replacement_(replacement) {
    UErrorCode status = U_ZERO_ERROR;
    UParseError where;
    pattern_.reset(icu::RegexPattern::compile(UnicodeString::fromUTF8(pattern), 0, where, status));
  }
  UnicodeString apply(const UnicodeString& text) const {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::RegexMatcher> matcher(pattern_->matcher(text, status));
    return matcher->replaceAll(replacement_, status);
  }

 private:
  std::unique_ptr<icu::RegexPattern> pattern_;
  UnicodeString replacement_;
};

UnicodeString replace(UnicodeString text, std::span<const Rule> rules) {
  for (const Rule& rule : rules) text = rule.apply(text);
  return text;
}

UnicodeString lower(UnicodeString text) { return text.toLower(icu::Locale::getRoot()); }

UnicodeString nfkc(const UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  return icu::Normalizer2::getNFKCInstance(status)->normalize(text, status);
}

UnicodeString without_asides(const UnicodeString& text) {
  static const std::array rules = {Rule(R"([<\[][^>\]]*[>\]])", ""), Rule(R"(\([^)]+?\))", "")};
  return replace(text, rules);
}

UnicodeString collapse(const UnicodeString& text) {
  static const std::array rules = {Rule(BLANK "+", " "), Rule("^ | \\z", "")};
  return replace(text, rules);
}

UnicodeString training_text(const UnicodeString& text) {
  static const std::array rules = {Rule("(?!" WORD "|" BLANK "|')(?s:.)", " "),
                                   Rule("(?<!" WORD ")'|'(?!" WORD ")", " ")};
  return collapse(replace(lower(text), rules));
}

// Runs of blanks collapse before the punctuation goes, and a single tab stays: so does jiwer, which then cuts
// words at U+0020 alone. The blanks that punctuation leaves behind separate nothing.
UnicodeString paper_wer(const UnicodeString& text) {
  static const std::array rules = {Rule(BLANK BLANK "+", " "), Rule("^" BLANK "+|" BLANK "+\\z", ""),
                                   Rule(R"(\p{P})", ""), Rule("  +", " "), Rule("^ | \\z", "")};
  return replace(lower(without_asides(text)), rules);
}

UnicodeString paper_cer(const UnicodeString& text) {
  static const std::array rules = {Rule(R"([\p{M}\p{S}\p{P}])", " ")};
  return collapse(replace(nfkc(without_asides(lower(text))), rules));
}

// Letters, their marks and numbers: what words are made of.
#define SAID R"([\p{L}\p{M}\p{N}])"

UnicodeString plain_words(const UnicodeString& text) {
  static const std::array rules = {Rule("\u2019", "'"), Rule("(?<!" SAID ")'|'(?!" SAID ")", " "),
                                   Rule(R"([^\p{L}\p{M}\p{N}'])", " ")};
  return collapse(replace(lower(nfkc(text)), rules));
}

struct Entry {
  Normalizer normalizer;
  std::string_view name;
  UnicodeString (*apply)(const UnicodeString&);
};

constexpr Entry kNormalizers[] = {{Normalizer::kTrainingText, "training-text/1", training_text},
                                  {Normalizer::kPaperWer, kWordNormalizer, paper_wer},
                                  {Normalizer::kPaperCer, "paper-cer/1", paper_cer},
                                  {Normalizer::kPlainWords, "plain-words/1", plain_words}};

const Entry& entry_of(Normalizer normalizer) {
  return *std::find_if(std::begin(kNormalizers), std::end(kNormalizers),
                       [&](const Entry& entry) { return entry.normalizer == normalizer; });
}

}  // namespace

std::string_view normalizer_name(Normalizer normalizer) { return entry_of(normalizer).name; }

std::optional<Normalizer> normalizer_named(std::string_view name) {
  for (const Entry& entry : kNormalizers) {
    if (entry.name == name) return entry.normalizer;
  }
  return std::nullopt;
}

std::vector<std::string> normalizer_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kNormalizers) names.emplace_back(entry.name);
  return names;
}

std::string normalize(Normalizer normalizer, std::string_view text) {
  const auto utf16 =
      UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
  std::string out;
  return entry_of(normalizer).apply(utf16).toUTF8String(out);
}

}  // namespace sweetspot
