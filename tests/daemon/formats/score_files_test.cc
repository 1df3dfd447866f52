// NeMo manifests and sclite's transcripts.
#include <gtest/gtest.h>

#include "daemon/formats/nemo.h"
#include "daemon/formats/trn.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

json sample(int hits, int substitutions, int deletions, int insertions) {
  return {{"id", "clip_3.wav"},
          {"audio_file", "/corpus/clips/clip_3.wav"},
          {"seconds", 2.5},
          {"reference", "en to tre fire"},
          {"hypothesis", "en to x uh"},
          {"words",
           {{"hits", hits},
            {"substitutions", substitutions},
            {"deletions", deletions},
            {"insertions", insertions}}}};
}

TEST(NemoLine, HasWhatNemosToolsWrite) {
  EXPECT_EQ(nemo_line(sample(2, 1, 1, 1), "da"),
            json::parse(R"({"audio_filepath": "/corpus/clips/clip_3.wav", "duration": 2.5, "lang": "da",
                            "text": "en to tre fire", "pred_text": "en to x uh", "tokens": 4, "wer": 0.75,
                            "sub_rate": 0.25, "ins_rate": 0.25, "del_rate": 0.25})"));
}

TEST(NemoLine, HasNoRatesOfAnEmptyReference) {
  const json line = nemo_line(sample(0, 0, 0, 2), "da");
  EXPECT_EQ(line["tokens"], 0);
  EXPECT_FALSE(line.contains("wer"));
}

TEST(NemoLine, NamesAnImportedUtteranceByItsId) {
  json imported = sample(1, 0, 0, 0);
  imported["audio_file"] = "";
  EXPECT_EQ(nemo_line(imported, "da")["audio_filepath"], "clip_3.wav");
}

TEST(Trn, PutsTheIdInParenthesesBehindTheWords) {
  EXPECT_EQ(trn_line("en  to", 7, "clip_3.wav"), "en to (test-7-clip_3.wav)\n");
  EXPECT_EQ(trn_line("", 0, "a b(c)"), "(test-0-a%20b%28c%29)\n");
}

TEST(Trn, EscapesWhatScliteGivesAMeaning) {
  EXPECT_EQ(trn_word("{a/b}"), "%7Ba%2Fb%7D");
  EXPECT_EQ(trn_word("@"), "%40");
  EXPECT_EQ(trn_word("(uh)"), "%28uh%29");
  EXPECT_EQ(trn_word(";;"), "%3B%3B");
  EXPECT_EQ(trn_word("a:b*\\"), "a%3Ab%2A%5C");
  EXPECT_EQ(trn_word("50%"), "50%25");
  EXPECT_EQ(trn_word("a\tb\n"), "a%09b%0A");
  EXPECT_EQ(trn_word("k\u00f8benhavn's"), "k\u00f8benhavn's");
}

}  // namespace
}  // namespace sweetspot::daemon
