#include "schemas/json_text.h"

#include <gtest/gtest.h>

namespace sweetspot {
namespace {

std::string code_of(std::string_view text) {
  const auto parsed = parse_json(text);
  return parsed ? "" : parsed.error().code;
}

std::string nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonText, AllowsCommentsAndNothingElseBesideJson) {
  const auto parsed = parse_json("// a sweep\n{\"a\": 1, // one\n \"b\": \"// not a comment\"}\n// end");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, (nlohmann::json{{"a", 1}, {"b", "// not a comment"}}));
  for (const char* text :
       {"", "{", "{} {}", "{'a': 1}", "{\"a\": 1,}", "[NaN]", "\"\xff\"", "{\"a\": 01}", "1e400"})
    EXPECT_EQ(code_of(text), "malformed_json") << text;
}

TEST(JsonText, RefusesKeysThatOccurTwiceInOneObject) {
  EXPECT_EQ(code_of(R"({"lr": 1, "lr": 2})"), "duplicate_key");
  EXPECT_EQ(code_of(R"({"a": [{"x": {"y": 1, "y": 1}}]})"), "duplicate_key");
  EXPECT_EQ(code_of(R"({"a": {"x": 1}, "x": {"a": 1}, "b": [{"a": 1}, {"a": 1}]})"), "");
  EXPECT_EQ(code_of(R"({"a": {"b": {}}, "a": 1})"), "duplicate_key");
  EXPECT_NE(parse_json(R"({"lr": 1, "lr": 2})").error().message.find("'lr'"), std::string::npos);
}

TEST(JsonText, IsAsDeepAsItSaysAndNoDeeper) {
  EXPECT_EQ(code_of(nested(kMaxJsonDepth)), "");
  EXPECT_EQ(code_of(nested(kMaxJsonDepth + 1)), "too_deep");
  EXPECT_EQ(code_of(std::string(1'000'000, '[')), "too_deep");
}

TEST(JsonText, IsWrittenWithoutThrowingOnBrokenText) {
  EXPECT_EQ(dump_json("a\xff"
                      "b"),
            "\"a\xEF\xBF\xBD"
            "b\"");
}

}  // namespace
}  // namespace sweetspot
