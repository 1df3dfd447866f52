#include "worker/corpus/corpus.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

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
  for (const char* clip : {"clips/mute.wav", "clips/wordy.wav", "clips/cut.wav"}) directory.clip(clip, 1);
  directory.table("train",
                  "none.mp3\tHello\nzero.mp3\tHello\nbroken.wav\tHello\nshort.wav\tHello\nlong.wav\tHello\n"
                  "mute.wav\t?!\nwordy.wav\t" +
                      long_text + "\ncut.wav\ngood.wav\tHello\n\tHello\ngood.wav\tHello again\n");
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
                                                                       {"mute.wav", "text_empty"},
                                                                       {"wordy.wav", "text_too_long"},
                                                                       {"cut.wav", "text_empty"},
                                                                       {"train.tsv:11", "line_invalid"},
                                                                       {"good.wav", "duplicate_id"}}));
  EXPECT_EQ(ids_of(corpus.train), std::vector<std::string>{"good.wav"});
  EXPECT_EQ(corpus.train.utterances[0].text, "hello") << "the first of two with one id is kept";
  EXPECT_EQ(corpus.train.size().reasons, (std::map<std::string, std::int64_t>{{"audio_missing", 1},
                                                                              {"audio_unreadable", 2},
                                                                              {"too_short", 1},
                                                                              {"too_long", 1},
                                                                              {"text_empty", 2},
                                                                              {"text_too_long", 1},
                                                                              {"line_invalid", 1},
                                                                              {"duplicate_id", 1}}));
  EXPECT_EQ(corpus.train.size().skipped, 10);
}

// A recording of ten hours that takes no place on the disk: it is not read to learn that it is too long. A
// link is a clip as any other.
TEST(CommonVoice, SkipsTenHoursAndFollowsALink) {
  const CorpusDirectory directory;
  directory.common_voice();
  directory.clip("clips/hours.wav", 1);
  constexpr std::uint32_t kBytes = 36'000u * kSampleRate * 2;
  {
    std::fstream file(directory / "clips/hours.wav", std::ios::in | std::ios::out | std::ios::binary);
    for (const auto& [at, size] : {std::pair(4, kBytes + 36), {40, kBytes}})
      file.seekp(at).write(reinterpret_cast<const char*>(&size), 4);
  }
  std::filesystem::resize_file(directory / "clips/hours.wav", 44ull + kBytes);
  ASSERT_NEAR(audio_seconds(directory / "clips/hours.wav").value(), 36'000, 1);
  std::filesystem::create_symlink("good.wav", directory / "clips/link.wav");
  directory.table("train", "hours.wav\tHello\nlink.wav\tHello\n");
  const Corpus corpus = read(directory.spec());
  ASSERT_EQ(corpus.skipped.size(), 1u);
  EXPECT_EQ(corpus.skipped[0].reason, "too_long");
  EXPECT_EQ(ids_of(corpus.train), std::vector<std::string>{"link.wav"});
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
  for (const char* clip : {"clips/b.wav", "clips/c.wav"}) directory.clip(clip, 1);
  for (const char* split : kSplits) directory.table(split, "none.wav\tA\ngood.wav\tB\nb.wav\tC\nc.wav\tD\n");
  CorpusSpec spec = directory.spec();
  spec.limit_train = 2, spec.limit_test = 1;
  const Corpus corpus = read(spec);
  EXPECT_EQ(ids_of(corpus.train), (std::vector<std::string>{"good.wav", "b.wav"}));
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
  EXPECT_EQ(corpus.skipped.front().reason, "bad_duration");
}

TEST(NemoManifest, SkipsTheLineThatIsWrongAndNamesIt) {
  const CorpusDirectory directory;
  directory.clip("a.wav", 1);
  const std::string good = R"({"audio_filepath": "a.wav", "text": "a"})";
  for (const char* split : {"dev.jsonl", "test_manifest.json"}) directory.write(split, good);
  for (const char* line : {R"({"text": "no audio"})", R"({"audio_filepath": "a.wav"})", "not JSON", "[]",
                           R"({"audio_filepath": "a.wav", "text": "a", "offset": "soon"})",
                           R"({"audio_filepath": "a.wav", "text": null})"}) {
    directory.write("train.json", fmt::format("\n{}\n{}\n", line, good));
    const Corpus corpus = read(directory.spec("nemo-manifest"));
    EXPECT_EQ(ids_of(corpus.train), std::vector<std::string>{"train.json:3"}) << line;
    ASSERT_EQ(corpus.skipped.size(), 1u) << line;
    EXPECT_EQ(corpus.skipped[0].id, "train.json:2");
    EXPECT_EQ(corpus.skipped[0].reason, "line_invalid");
    EXPECT_NE(corpus.skipped[0].detail.find("train.json, line 2: "), std::string::npos)
        << corpus.skipped[0].detail;
  }
}

TEST(NemoManifest, SkipsDurationsThatCannotBe) {
  const CorpusDirectory directory;
  directory.clip("a.wav", 1);
  for (const char* split : kSplits)
    directory.write(std::string(split) + ".json",
                    R"({"audio_filepath": "a.wav", "text": "a", "duration": 0})"
                    "\n"
                    R"({"audio_filepath": "a.wav", "text": "a", "duration": -1})"
                    "\n"
                    R"({"audio_filepath": "a.wav", "text": "a", "duration": 100})");
  const Corpus corpus = read(directory.spec("nemo-manifest"));
  EXPECT_EQ(corpus.test.reasons, (std::map<std::string, std::int64_t>{{"bad_duration", 2}}));
  ASSERT_EQ(corpus.test.utterances.size(), 1u);
  EXPECT_EQ(corpus.test.utterances[0].seconds, 1) << "a duration beyond the file ends with it";
}

// The headers of Common Voice: 5 had accent, 6 to 12 segment and accents, 13 variant, 17 sentence_id and
// sentence_domain.
TEST(CommonVoice, ReadsTheHeadersOfItsReleases) {
  for (const char* header :
       {"client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccent\tlocale\tsegment",
        "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tlocale\tsegment",
        "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tvariant\tlocale\tsegment",
        "client_id\tpath\tsentence_id\tsentence\tsentence_domain\tup_votes\tdown_votes\tage\tgender\t"
        "accents\tvariant\tlocale\tsegment"}) {
    const CorpusDirectory directory;
    directory.common_voice();
    std::string row, field;
    for (std::istringstream names(header); std::getline(names, field, '\t');)
      row += (row.empty() ? "" : "\t") + (field == "path"       ? "good.wav"
                                          : field == "sentence" ? "Hej \"du\""
                                                                : "x" + field);
    directory.write("train.tsv", std::string(header) + "\n" + row + "\n");
    const Corpus corpus = read(directory.spec());
    ASSERT_EQ(ids_of(corpus.train), std::vector<std::string>{"good.wav"}) << header;
    EXPECT_EQ(corpus.train.utterances[0].text, "hej du") << header;
  }
}

TEST(Fleurs, ReadsTablesWithoutHeader) {
  const CorpusDirectory directory;
  const std::string row = "1692\t100.wav\tDet, 3 gange!\tdet 3 gange\td e t |\t16000\tMALE\n";
  for (const char* split : kSplits) {
    directory.clip(fmt::format("audio/{}/100.wav", split), 1);
    directory.clip(fmt::format("audio/{}/101.wav", split), 2);
    directory.write(fmt::format("{}.tsv", split),
                    row + "1692\t101.wav\tRaw\t\t\t32000\tFEMALE\nbroken line\n" + row);
  }
  const Corpus corpus = read(directory.spec("fleurs"));
  ASSERT_EQ(ids_of(corpus.test), (std::vector<std::string>{"100.wav", "101.wav"}));
  EXPECT_EQ(corpus.test.utterances[0].audio, directory / "audio/test/100.wav");
  EXPECT_EQ(corpus.test.utterances[0].text, "det 3 gange");
  EXPECT_EQ(corpus.test.utterances[1].text, "raw");
  EXPECT_EQ(corpus.test.reasons,
            (std::map<std::string, std::int64_t>{{"line_invalid", 1}, {"duplicate_id", 1}}));
}

TEST(LibriSpeech, ReadsChaptersOfTheSubsetsOfASplit) {
  const CorpusDirectory directory;
  const auto chapter = [&](const std::string& subset, int speaker) {
    const std::string folder = fmt::format("{}/{}/1/", subset, speaker);
    directory.clip(fmt::format("{}{}-1-0000.flac", folder, speaker), 1);
    directory.write(
        fmt::format("{}{}-1.trans.txt", folder, speaker),
        fmt::format("{0}-1-0000 MISTER QUILTER'S MANNER\n{0}-1-0001 NOT THERE\n{0}-1-0002\n", speaker));
  };
  chapter("train-clean-100", 3), chapter("train-clean-100", 2), chapter("train-other-500", 1);
  chapter("dev-clean", 4), chapter("dev-other", 5), chapter("test-clean", 6), chapter("test-other", 7);
  const Corpus corpus = read(directory.spec("librispeech"));
  EXPECT_EQ(ids_of(corpus.train), (std::vector<std::string>{"2-1-0000", "3-1-0000", "1-1-0000"}));
  EXPECT_EQ(ids_of(corpus.test), std::vector<std::string>{"6-1-0000"});
  EXPECT_EQ(corpus.test.utterances[0].text, "mister quilter's manner");
  EXPECT_EQ(corpus.test.reasons,
            (std::map<std::string, std::int64_t>{{"audio_missing", 1}, {"text_empty", 1}}));
  EXPECT_EQ(ids_of(read(directory.spec("librispeech-other")).test), std::vector<std::string>{"7-1-0000"});
}

void write_gzipped(const std::filesystem::path& file, const std::string& text) {
  const gzFile out = gzopen(file.c_str(), "wb");
  gzwrite(out, text.data(), unsigned(text.size()));
  gzclose(out);
}

std::string recording(const std::string& id, const std::string& path, const std::string& type = "file") {
  return fmt::format(R"({{"id": "{}", "sources": [{{"type": "{}", "channels": [0], "source": "{}"}}], )"
                     R"("sampling_rate": 16000, "num_samples": 64000, "duration": 4.0, "channel_ids": [0]}})",
                     id, type, path);
}

TEST(Lhotse, ReadsRecordingsAndSupervisions) {
  const CorpusDirectory directory;
  directory.clip("audio/a.flac", 4);
  for (const std::string split : kSplits) {
    write_gzipped(directory / ("mine_recordings_" + split + ".jsonl.gz"),
                  recording("a", "audio/a.flac") + "\n" + recording("pipe", "sox a.wav |", "command") + "\n");
    write_gzipped(
        directory / ("mine_supervisions_" + split + ".jsonl.gz"),
        R"({"id": "a-1", "recording_id": "a", "start": 1.5, "duration": 2.0, "channel": 0, "text": "Part", "language": "da"})"
        "\n"
        R"({"id": "a-2", "recording_id": "a", "start": 0, "duration": 1, "channel": 0})"
        "\n"
        R"({"id": "b-1", "recording_id": "b", "start": 0, "duration": 1, "channel": 0, "text": "lost"})"
        "\n"
        R"({"id": "p-1", "recording_id": "pipe", "start": 0, "duration": 1, "channel": 0, "text": "run me"})"
        "\n");
  }
  const Corpus corpus = read(directory.spec("lhotse"));
  ASSERT_EQ(corpus.test.utterances.size(), 1u);
  EXPECT_EQ(
      corpus.test.utterances[0],
      (Utterance{
          .id = "a-1", .audio = directory / "audio/a.flac", .offset = 1.5, .seconds = 2, .text = "part"}));
  EXPECT_EQ(corpus.test.reasons, (std::map<std::string, std::int64_t>{{"line_invalid", 3}}));
  EXPECT_EQ(corpus.skipped.back().id, "p-1");
  EXPECT_NE(corpus.skipped.back().detail.find("command"), std::string::npos) << corpus.skipped.back().detail;
}

TEST(Lhotse, ReadsCuts) {
  const CorpusDirectory directory;
  directory.clip("a.flac", 4);
  const auto cut = [](const std::string& id, const std::string& type) {
    return fmt::format(
               R"({{"id": "{}", "start": 1.0, "duration": 3.0, "channel": 0, "supervisions": [)"
               R"({{"id": "s2", "start": 1.5, "duration": 1.5, "text": "du"}}, )"
               R"({{"id": "s1", "start": 0.0, "duration": 1.5, "text": "Hej"}}], "recording": {}, "type": "{}"}})",
               id, recording("a", "a.flac"), type) +
           "\n";
  };
  for (const std::string split : kSplits)
    directory.write(split + "/cuts.jsonl",
                    cut("c1", "MonoCut") + cut("c2", "MixedCut") + cut("c1", "MonoCut"));
  const Corpus corpus = read(directory.spec("lhotse"));
  ASSERT_EQ(ids_of(corpus.dev), std::vector<std::string>{"c1"});
  EXPECT_EQ(corpus.dev.utterances[0].text, "hej du");
  EXPECT_EQ(corpus.dev.utterances[0].seconds, 3);
  EXPECT_EQ(corpus.dev.reasons,
            (std::map<std::string, std::int64_t>{{"duplicate_id", 1}, {"line_invalid", 1}}));
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
  expect_error(directory.spec(), "corpus_invalid",
               "dev.tsv, line 1: there is no column \"sentence\"; the columns are: path, text");
  directory.write("dev.tsv", "");
  expect_error(directory.spec(), "corpus_invalid", "\"path\"");
  std::filesystem::remove(directory / "dev.tsv");
  expect_error(directory.spec(), "corpus_missing", "no dev split");
  for (const char* format : {"fleurs", "librispeech", "librispeech-other", "nemo-manifest", "lhotse"})
    expect_error(CorpusDirectory().spec(format), "corpus_missing", "train");
}

TEST(ReadCorpus, KnowsOneTableFromTheOther) {
  const CorpusDirectory directory;
  directory.common_voice();
  directory.write("train.tsv", "client_id\tpath\tsentence\nme\tgood.wav\tHello\n");
  const auto fleurs = read_corpus(directory.spec("fleurs"));
  ASSERT_FALSE(fleurs);
  EXPECT_NE(fleurs.error().hint.find("common-voice"), std::string::npos) << fleurs.error().hint;
  directory.write("train.tsv", "1\t1.wav\tHej\thej\th e j\t16000\tMALE\n");
  const auto common_voice = read_corpus(directory.spec());
  ASSERT_FALSE(common_voice);
  EXPECT_NE(common_voice.error().hint.find("fleurs"), std::string::npos) << common_voice.error().hint;
}

TEST(ReadCorpus, RefusesAManifestThatIsCutShort) {
  const CorpusDirectory directory;
  for (const std::string split : kSplits)
    write_gzipped(directory / ("cuts_" + split + ".jsonl.gz"), std::string(100'000, 'x') + "\n");
  std::filesystem::resize_file(directory / "cuts_train.jsonl.gz", 60);
  expect_error(directory.spec("lhotse"), "corpus_invalid", "cuts_train.jsonl.gz is damaged or cut short");
}

TEST(ReadCorpus, SaysWhyASplitIsEmpty) {
  const CorpusDirectory directory;
  directory.common_voice();
  directory.table("test", "none.wav\tHello\n");
  expect_error(directory.spec(), "split_empty", "1 skipped, the first one none.wav: audio_missing");
}

}  // namespace
}  // namespace sweetspot::worker
