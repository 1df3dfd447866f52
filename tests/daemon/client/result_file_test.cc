#include "daemon/client/result_file.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

TEST(ResultFile, ReadsNemoManifests) {
  const auto utterances = read_utterances(
      "{\"audio_filepath\": \"a.wav\", \"duration\": 1.5, \"text\": \"en to\", \"pred_text\": \"en\"}\n\n"
      "{\"audio_filepath\": \"b.wav\", \"duration\": 2, \"text\": \"\", \"pred_text\": \"tre\"}\n");
  ASSERT_TRUE(utterances) << utterances.error().message;
  EXPECT_EQ(*utterances,
            json::parse(R"([{"id": "a.wav", "seconds": 1.5, "reference": "en to", "hypothesis": "en"},
                                         {"id": "b.wav", "seconds": 2, "reference": "", "hypothesis": "tre"}])"));
}

TEST(ResultFile, ReadsCsvWithQuotesAndLineFeeds) {
  const auto utterances =
      read_utterances("id,hypothesis,reference\r\n1,\"a, \"\"b\"\"\",\"x\ny\"\r\n2,,c\r\n");
  ASSERT_TRUE(utterances) << utterances.error().message;
  EXPECT_EQ(*utterances, json::parse(R"([{"id": "1", "hypothesis": "a, \"b\"", "reference": "x\ny"},
                                         {"id": "2", "hypothesis": "", "reference": "c"}])"));
}

TEST(ResultFile, NamesTheLineThatIsWrong) {
  EXPECT_EQ(read_utterances("{\"reference\": \"a\", \"hypothesis\": \"a\"}\n{\"reference\": \"a\"}\n")
                .error()
                .message,
            "line 2: there is no text under `hypothesis`");
  EXPECT_EQ(read_utterances("reference,hypothesis\na,b,c\n").error().message,
            "line 2: 3 fields where the header has 2");
  EXPECT_EQ(read_utterances("a,b\n1,2\n").error().message, "line 2: there is no text under `reference`");
  EXPECT_EQ(read_utterances("").error().code, "no_utterances");
}

TEST(ResultFile, KnowsACompleteDocument) {
  EXPECT_TRUE(is_results_document(R"({"name": "n", "cells": []})"));
  EXPECT_FALSE(is_results_document("{\"text\": \"a\"}\n{\"text\": \"b\"}"));
}

}  // namespace
}  // namespace sweetspot::daemon
