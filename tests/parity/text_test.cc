// Words, characters, normalisers and tokenizers against jiwer, Python and Hugging Face's tokenizers.
#include "schemas/normalize.h"
#include "tests/parity/suite.h"
#include "worker/text/tokenizer.h"
#include "worker/text/wer.h"

namespace sweetspot::worker::parity {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int64_t>;

const Tolerance kAlignments = {0, "edits and the choice among minimal ones are integers"};
const Tolerance kRates = {1e-12, "double eps 2.2e-16 x quotients of integers, and a sum of up to 70 of them"};
const Tolerance kText = {0, "text: one wrong letter is a wrong word"};
const Tolerance kIds = {0, "ids are integers"};

std::vector<std::int64_t> numbers(const EditCounts& counts) {
  return {counts.hits, counts.substitutions, counts.deletions, counts.insertions};
}

// The counts that an alignment of jiwer's adds up to.
std::vector<std::int64_t> counted(const std::string& letters) {
  std::vector<std::int64_t> counts;
  for (const char letter : {'H', 'S', 'D', 'I'}) counts.push_back(std::ranges::count(letters, letter));
  return counts;
}

TEST(Scoring, AlignsAndCountsAsJiwerDoes) {
  Piece words("alignment of words", "jiwer 4", kAlignments),
      characters("alignment of characters", "jiwer 4", kAlignments);
  const json fixture = read_cases("scoring.json");
  for (const json& pair : fixture.at("pairs")) {
    const std::string reference = pair[0], hypothesis = pair[1], which = pair.dump();
    const auto expect = [&](Piece& piece, const Alignment& ours, const std::string& theirs) {
      piece.same(std::pair(ours.letters, numbers(ours.counts)), std::pair(theirs, counted(theirs)), which);
    };
    expect(words, align_words(reference, hypothesis), pair[2]);
    expect(characters, align_characters(reference, hypothesis), pair[3]);
  }
}

TEST(Scoring, GivesTheRatesOfCorporaAndTheMeanOfBatches) {
  Piece wer("corpus WER", "jiwer 4", kRates), cer("corpus CER", "jiwer 4", kRates),
      mean("mean of batch WERs", "the paper's code (jiwer)", kRates);
  const json fixture = read_cases("scoring.json");
  for (const json& split : fixture.at("splits")) {
    std::vector<EditCounts> utterances;
    EditCounts words, characters;
    for (std::size_t i = 0; i < split.at("size"); ++i) {
      const json& pair = fixture.at("pairs")[split.at("begin").get<std::size_t>() + i];
      const std::string reference = pair[0], hypothesis = pair[1];
      utterances.push_back(align_words(reference, hypothesis).counts);
      words += utterances.back(), characters += align_characters(reference, hypothesis).counts;
    }
    wer.close(words.rate(), split.at("wer"), split.dump());
    cer.close(characters.rate(), split.at("cer"), split.dump());
    mean.close(batch_mean_rate(utterances, split.at("batch")), split.at("batch_mean"), split.dump());
  }
}

TEST(Normalisers, EqualTheirPython) {
  const json fixture = read_cases("normalisers.json");
  const auto names = fixture.at("names").get<std::vector<std::string>>();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto normalizer = normalizer_named(names[i]);
    ASSERT_TRUE(normalizer) << names[i];
    Piece piece("normaliser " + names[i], "Python re, unicodedata", kText);
    for (const json& texts : fixture.at("cases"))
      piece.same(normalize(*normalizer, texts[0].get<std::string>()), texts[i + 1].get<std::string>(),
                 texts[0].dump(-1, ' ', true));
  }
}

class Tokenizers : public testing::TestWithParam<std::string> {};

TEST_P(Tokenizers, EncodeAndDecodeAsHuggingFaceDoes) {
  const auto tokenizer = Tokenizer::load(cases_directory() / "tokenizers" / GetParam());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const json fixture = read_cases("tokenizers/" + GetParam() + "/cases.json");
  Piece encoding("tokenizer " + GetParam() + ": text to ids", "tokenizers", kIds),
      decoding("tokenizer " + GetParam() + ": ids to text", "tokenizers", kText);
  for (const json& text : fixture.at("encodings")) {
    const Ids ids = tokenizer->encode(text[0].get<std::string>());
    encoding.same(ids, text[1].get<Ids>(), text[0].dump(-1, ' ', true));
    decoding.same(tokenizer->decode(ids), text[2].get<std::string>(), text[0].dump(-1, ' ', true));
  }
  // Any ids: most sequences are not UTF-8.
  for (const json& drawn : fixture.at("decodings"))
    decoding.same(tokenizer->decode(drawn[0].get<Ids>()), drawn[1].get<std::string>(), drawn[0].dump());
}
INSTANTIATE_TEST_SUITE_P(Shapes, Tokenizers, testing::Values("qwen2", "whisper"));

}  // namespace
}  // namespace sweetspot::worker::parity
