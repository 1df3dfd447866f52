#include "worker/corpus/corpus.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/worker/speech/temporary_directory.h"
#include "worker/audio/sound_file.h"

namespace sweetspot::worker {
namespace {

constexpr const char* kSplits[] = {"train", "dev", "test"};

// A corpus directory under construction.
class CorpusDirectory : public TemporaryDirectory {
 public:
  void clip(const std::filesystem::path& name, double seconds) const {
    std::filesystem::create_directories((*this / name).parent_path());
    const std::vector<float> samples(static_cast<std::size_t>(seconds * kSampleRate), 0.1f);
    ASSERT_TRUE(write_audio(*this / name, samples));
  }
  // Common Voice with one good clip in every split.
  void common_voice() const {
    clip("clips/good.wav", 1);
    for (const char* split : kSplits) table(split, "good.wav\tGood morning!\n");
  }
  void table(const std::string& split, const std::string& rows) const {
    write(split + ".tsv", "path\tsentence\n" + rows);
  }
  CorpusSpec spec(const char* format = "common-voice") const {
    return {.format = format, .path = path().string()};
  }
};

Corpus read(const CorpusSpec& spec) {
  auto corpus = read_corpus(spec);
  if (!corpus) ADD_FAILURE() << corpus.error().message;
  return corpus ? *std::move(corpus) : Corpus{};
}

std::vector<std::string> ids_of(const Split& split) {
  std::vector<std::string> ids;
  for (const Utterance& utterance : split.utterances) ids.push_back(utterance.id);
  return ids;
}

TEST(CommonVoice, GivesUtterancesInFileOrder) {
  const CorpusDirectory directory;
  directory.common_voice();
  directory.clip("clips/b.wav", 2.5);
  directory.table("train", "b.wav\tRock 'n' roll\ngood.wav\tDon't!\n");
  const Corpus corpus = read(directory.spec());
  ASSERT_EQ(corpus.train.utterances.size(), 2u);
  EXPECT_EQ(
      corpus.train.utterances[0],
      (Utterance{.id = "b.wav", .audio = directory / "clips/b.wav", .seconds = 2.5, .text = "rock n roll"}));
  EXPECT_EQ(corpus.train.utterances[1].text, "don't");
  EXPECT_EQ(corpus.train.size(), (SplitSize{.utterances = 2, .seconds = 3.5, .skipped = 0}));
  EXPECT_EQ(ids_of(corpus.dev), std::vector<std::string>{"good.wav"});
}

TEST(CommonVoice, ReadsColumnsByName) {
  const CorpusDirectory directory;
  directory.common_voice();
  directory.write("train.tsv",
                  "\xEF\xBB\xBF"
                  "client_id\tsentence\tage\tpath\r\nme\tHello\t\tgood.wav\r\n");
  EXPECT_EQ(read(directory.spec()).train.utterances[0].text, "hello");
}

TEST(CommonVoice, TakesQuotesAsText) {
  const CorpusDirectory directory;
  directory.common_voice();
  directory.clip("clips/b.wav", 1);
  directory.table("train", "good.wav\t\"Open quote\nb.wav\tsaid \"so\"\n");
  const Corpus corpus = read(directory.spec());
  ASSERT_EQ(corpus.train.utterances.size(), 2u);
  EXPECT_EQ(corpus.train.utterances[0].text, "open quote");
  EXPECT_EQ(corpus.train.utterances[1].text, "said so");
}

TEST(CommonVoice, SkipsAndNamesEveryClipItCannotUse) {
  const CorpusDirectory directory;
  directory.common_voice();
  directory.clip("clips/short.wav", 0.4);
  directory.clip("clips/long.wav", 30.5);
  directory.write("clips/zero.mp3", "");
  directory.write("clips/broken.wav", "RIFFnonsense");
  const std::string long_text(501, 'a');
  directory.table("train",
                  "none.mp3\tHello\nzero.mp3\tHello\nbroken.wav\tHello\nshort.wav\tHello\nlong.wav\tHello\n"
                  "good.wav\t?!\ngood.wav\t" +
                      long_text + "\ngood.wav\ngood.wav\tHello\n\tHello\n");
  const Corpus corpus = read(directory.spec());
  std::vector<std::pair<std::string, std::string>> skipped;
  for (const SkippedClip& clip : corpus.skipped) {
    EXPECT_EQ(clip.split, "train");
    EXPECT_FALSE(clip.detail.empty());
    skipped.emplace_back(clip.id, clip.reason);
  }
  EXPECT_EQ(skipped, (std::vector<std::pair<std::string, std::string>>{{"none.mp3", "audio_missing"},
                                                                       {"zero.mp3", "audio_unreadable"},
                                                                       {"broken.wav", "audio_unreadable"},
                                                                       {"short.wav", "too_short"},
                                                                       {"long.wav", "too_long"},
                                                                       {"good.wav", "text_empty"},
                                                                       {"good.wav:8", "text_too_long"},
                                                                       {"good.wav:9", "text_empty"},
                                                                       {"", "audio_missing"}}));
  EXPECT_EQ(ids_of(corpus.train), std::vector<std::string>{"good.wav:10"});
  EXPECT_EQ(corpus.train.size().skipped, 9);
}

TEST(CommonVoice, KeepsClipsOnTheBoundsOfTheFilter) {
  const CorpusDirectory directory;
  directory.common_voice();
  directory.clip("clips/half.wav", 0.5);
  directory.clip("clips/thirty.wav", 30);
  directory.table("train", "half.wav\tHello\nthirty.wav\tHello\n");
  EXPECT_EQ(read(directory.spec()).train.utterances.size(), 2u);
  CorpusSpec narrow = directory.spec();
  narrow.filter_seconds = {0.6, 40};
  EXPECT_EQ(ids_of(read(narrow).train), std::vector<std::string>{"thirty.wav"});
}

TEST(CommonVoice, LimitsKeepTheFirstClips) {
  const CorpusDirectory directory;
  directory.common_voice();
  for (const char* split : kSplits)
    directory.table(split, "none.wav\tA\ngood.wav\tB\ngood.wav\tC\ngood.wav\tD\n");
  CorpusSpec spec = directory.spec();
  spec.limit_train = 2, spec.limit_test = 1;
  const Corpus corpus = read(spec);
  EXPECT_EQ(ids_of(corpus.train), (std::vector<std::string>{"good.wav", "good.wav:4"}));
  EXPECT_EQ(corpus.dev.utterances.size(), 3u);
  EXPECT_EQ(ids_of(corpus.test), std::vector<std::string>{"good.wav"});
}

TEST(CommonVoice, TrainHoursKeepTheSameShuffledSubsetEveryTime) {
  const CorpusDirectory directory;
  directory.common_voice();
  std::string rows;
  for (int i = 0; i < 100; ++i) {
    directory.clip("clips/" + std::to_string(i) + ".wav", 1 + i % 3);
    rows += std::to_string(i) + ".wav\tHello\n";
  }
  directory.table("train", rows);
  CorpusSpec spec = directory.spec();
  spec.train_hours = 60.0 / 3600;
  const Corpus corpus = read(spec);
  const auto ids = ids_of(corpus.train);
  EXPECT_EQ(corpus.train.size().seconds, 60);
  EXPECT_EQ(ids_of(read(spec).train), ids);
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size());
  EXPECT_FALSE(
      std::is_sorted(ids.begin(), ids.end(), [](auto& a, auto& b) { return std::stoi(a) < std::stoi(b); }));
  EXPECT_EQ(corpus.dev.utterances.size(), 1u);
}

TEST(NemoManifest, ReadsPathsFromTheManifestAndStretches) {
  const CorpusDirectory directory;
  directory.clip("audio/a.flac", 4);
  for (const char* split : kSplits) {
    directory.write(std::string(split) + ".json",
                    R"({"audio_filepath": "audio/a.flac", "duration": 4, "text": "Whole"})"
                    "\n\n"
                    R"({"audio_filepath": ")" +
                        (directory / "audio/a.flac").string() +
                        R"(", "offset": 1.5, "duration": 2.0, "text": "Part", "lang": "en"})"
                        "\n"
                        R"({"audio_filepath": "audio/a.flac", "offset": 3, "text": "Rest"})"
                        "\n"
                        R"({"audio_filepath": "audio/a.flac", "offset": 5, "duration": 1, "text": "Beyond"})"
                        "\n"
                        R"({"audio_filepath": "audio/a.flac", "offset": -1, "duration": 1, "text": "Before"})"
                        "\n");
  }
  const Corpus corpus = read(directory.spec("nemo-manifest"));
  ASSERT_EQ(corpus.test.utterances.size(), 3u);
  EXPECT_EQ(corpus.test.utterances[1], (Utterance{.id = "test.json:3",
                                                  .audio = directory / "audio/a.flac",
                                                  .offset = 1.5,
                                                  .seconds = 2,
                                                  .text = "part"}));
  EXPECT_EQ(corpus.test.utterances[2].seconds, 1);
  EXPECT_EQ(corpus.test.skipped, 2);
  EXPECT_EQ(corpus.skipped.front().reason, "audio_unreadable");
}

TEST(NemoManifest, NamesTheLineThatIsWrong) {
  const CorpusDirectory directory;
  for (const char* line : {R"({"text": "no audio"})", R"({"audio_filepath": "a.wav"})", "not JSON", "[]",
                           R"({"audio_filepath": "a.wav", "text": "a", "offset": "soon"})"}) {
    directory.write("train.json", fmt::format("\n{}\n", line));
    const auto corpus = read_corpus(directory.spec("nemo-manifest"));
    ASSERT_FALSE(corpus) << line;
    EXPECT_EQ(corpus.error().code, "corpus_invalid");
    EXPECT_NE(corpus.error().message.find("train.json, line 2"), std::string::npos) << corpus.error().message;
  }
}

void expect_error(const CorpusSpec& spec, const std::string& code, const std::string& named) {
  const auto corpus = read_corpus(spec);
  ASSERT_FALSE(corpus);
  EXPECT_EQ(corpus.error().code, code);
  EXPECT_NE(corpus.error().message.find(named), std::string::npos) << corpus.error().message;
  EXPECT_FALSE(corpus.error().hint.empty());
}

TEST(ReadCorpus, NamesWhatIsMissing) {
  const CorpusDirectory directory;
  directory.common_voice();
  expect_error({.path = "/nowhere"}, "corpus_missing", "/nowhere");
  expect_error(directory.spec("kaldi"), "corpus_format_unknown", "kaldi");
  directory.write("dev.tsv", "path\ttext\ngood.wav\tHello\n");
  expect_error(directory.spec(), "corpus_invalid", "\"sentence\"");
  directory.write("dev.tsv", "");
  expect_error(directory.spec(), "corpus_invalid", "\"path\"");
  std::filesystem::remove(directory / "dev.tsv");
  expect_error(directory.spec(), "corpus_missing", "dev.tsv");
}

TEST(ReadCorpus, SaysWhyASplitIsEmpty) {
  const CorpusDirectory directory;
  directory.common_voice();
  directory.table("test", "none.wav\tHello\n");
  expect_error(directory.spec(), "split_empty", "1 skipped, the first one none.wav: audio_missing");
}

}  // namespace
}  // namespace sweetspot::worker
