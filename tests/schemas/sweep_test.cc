#include "schemas/sweep.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "schemas/json_text.h"

namespace sweetspot {
namespace {

using json = nlohmann::json;

json minimal() {
  return {{"name", "t"},
          {"axes", {{"encoder", {"/m/whisper"}}, {"language", {"da"}}}},
          {"corpora", {{"da", {{"path", "/data/da"}}}}},
          {"llm", "/m/qwen"}};
}

Errors errors_of(const json& document) {
  const auto parsed = parse_sweep(document);
  return parsed ? Errors{} : parsed.error();
}

const Error* find(const Errors& errors, const std::string& pointer) {
  const auto found = std::ranges::find(errors, pointer, &Error::pointer);
  return found == errors.end() ? nullptr : &*found;
}

#define EXPECT_ERROR(errors, at, expected_code)                          \
  do {                                                                   \
    const Error* found_error = find(errors, at);                         \
    ASSERT_NE(found_error, nullptr) << "nothing at " << (at);            \
    EXPECT_EQ(found_error->code, expected_code) << found_error->message; \
    EXPECT_FALSE(found_error->message.empty());                          \
    EXPECT_FALSE(found_error->hint.empty());                             \
  } while (false)

TEST(Sweep, OfFewWordsTakesTheDefaultsOfTheStructs) {
  const auto spec = parse_sweep(minimal());
  ASSERT_TRUE(spec) << spec.error().front().message;
  SweepSpec expected;
  expected.name = "t";
  expected.encoders = {"/m/whisper"};
  expected.languages = {"da"};
  expected.corpora["da"].path = "/data/da";
  expected.llm = "/m/qwen";
  EXPECT_EQ(*spec, expected);
}

TEST(Sweep, ReportsEveryErrorOfTheSchemaAtOnce) {
  json document = minimal();
  document.erase("llm");
  document["trian"] = json::object();
  document["train"] = {{"epoch", 3}, {"lr", "fast"}, {"batch", 0}, {"warmup", 1.5}, {"early_stop", 7}};
  document["eval"] = {{"beam", 2.5}};
  document["axes"]["layers"] = {{"from", "ful"}, {"step", 0}};
  document["axes"]["lora"] = {true, true};
  document["lora"]["by_language"]["da"]["targets"] = {"q", "x"};
  document["corpora"]["da"]["format"] = "wav";
  const Errors errors = errors_of(document);
  EXPECT_ERROR(errors, "", "missing_field");
  EXPECT_ERROR(errors, "/trian", "unknown_field");
  EXPECT_ERROR(errors, "/train/epoch", "unknown_field");
  EXPECT_ERROR(errors, "/train/lr", "wrong_type");
  EXPECT_ERROR(errors, "/train/batch", "out_of_range");
  EXPECT_ERROR(errors, "/train/warmup", "out_of_range");
  EXPECT_ERROR(errors, "/train/early_stop", "wrong_type");
  EXPECT_ERROR(errors, "/eval/beam", "wrong_type");
  EXPECT_ERROR(errors, "/axes/layers/from", "unknown_value");
  EXPECT_ERROR(errors, "/axes/layers/step", "out_of_range");
  EXPECT_ERROR(errors, "/axes/lora/1", "duplicate");
  EXPECT_ERROR(errors, "/lora/by_language/da/targets/1", "unknown_value");
  EXPECT_ERROR(errors, "/corpora/da/format", "unknown_value");
  EXPECT_EQ(errors.size(), 13u);
}

TEST(Sweep, NamesTheNearestField) {
  json document = minimal();
  document["train"]["epoch"] = 3;
  document["eval"]["maximum_tokens"] = 3;
  document["axes"]["train.lrr"] = {1e-4};
  const Errors errors = errors_of(document);
  EXPECT_EQ(find(errors, "/train/epoch")->hint, "did you mean 'epochs'?");
  EXPECT_EQ(find(errors, "/eval/maximum_tokens")->hint, "did you mean 'max_new_tokens'?");
}

TEST(Sweep, ReportsEveryErrorOfMeaningAtOnce) {
  json document = minimal();
  document["axes"]["language"] = {"da", "nl", "en"};
  document["axes"]["layers"] = {{"from", 2}, {"to", 4}};
  document["axes"]["train.lr"] = {1e-4, 0, "x"};
  document["axes"]["train.speed"] = {1};
  document["axes"]["speed"] = {1};
  document["corpora"]["da"]["filter_seconds"] = {30, 0.5};
  document["exclude"] = json::array({{{"seeds", 1}}, json::object()});
  const Errors errors = errors_of(document);
  EXPECT_ERROR(errors, "/axes/language/1", "missing_field");
  EXPECT_ERROR(errors, "/axes/language/2", "missing_field");
  EXPECT_ERROR(errors, "/axes/layers", "out_of_range");
  EXPECT_ERROR(errors, "/axes/train.lr/1", "out_of_range");
  EXPECT_ERROR(errors, "/axes/train.lr/2", "wrong_type");
  EXPECT_ERROR(errors, "/axes/train.speed", "unknown_field");
  EXPECT_ERROR(errors, "/axes/speed", "unknown_field");
  EXPECT_ERROR(errors, "/corpora/da/filter_seconds", "out_of_range");
  EXPECT_ERROR(errors, "/exclude/0/seeds", "unknown_field");
  EXPECT_ERROR(errors, "/exclude/1", "too_few");
  EXPECT_EQ(errors.size(), 10u);
}

TEST(Sweep, PointersAreEscaped) {
  json document = minimal();
  document["axes"]["train/l~r"] = {1};
  document["axes"]["language"] = {"da", "a/b"};
  document["corpora"]["a/b"] = {{"path", "/x"}, {"filter_seconds", {9, 1}}};
  document["exclude"] = json::array({{{"x/y", 1}}});
  const Errors errors = errors_of(document);
  EXPECT_ERROR(errors, "/axes/train~1l~0r", "unknown_field");
  EXPECT_ERROR(errors, "/corpora/a~1b/filter_seconds", "out_of_range");
  EXPECT_ERROR(errors, "/exclude/0/x~1y", "unknown_field");
}

TEST(Sweep, OfAnotherShapeAltogetherIsOneError) {
  for (const json& document : {json(nullptr), json(1), json("sweep"), json::array(), json(true)}) {
    const Errors errors = errors_of(document);
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_ERROR(errors, "", "wrong_type");
  }
  EXPECT_EQ(errors_of(json::object()).size(), 4u);
}

TEST(Sweep, RefusesNumbersThatNoIntegerHolds) {
  json document = minimal();
  document["train"] = {{"epochs", 1e300}, {"batch", 1e18}};
  document["axes"]["seed"] = json::array({-1, 9007199254740993, 9223372036854775807});
  const Errors errors = errors_of(document);
  EXPECT_NE(find(errors, "/train/epochs"), nullptr);
  EXPECT_NE(find(errors, "/train/batch"), nullptr);
  for (int i : {0, 1, 2}) EXPECT_ERROR(errors, "/axes/seed/" + std::to_string(i), "out_of_range");
}

TEST(Sweep, MergesLoraByLanguageIntoTheDefault) {
  json document = minimal();
  document["lora"] = {{"default", {{"r", 32}, {"targets", {"q", "v"}}, {"lr", 1e-3}}},
                      {"by_language", {{"da", {{"r", 8}, {"lr", nullptr}}}, {"nl", json::object()}}}};
  const auto spec = parse_sweep(document);
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->lora_default, (LoraSpec{.r = 32, .targets = {"q", "v"}, .lr = 1e-3}));
  EXPECT_EQ(spec->lora_by_language.at("da"), (LoraSpec{.r = 8, .targets = {"q", "v"}}));
  EXPECT_EQ(spec->lora_by_language.at("nl"), spec->lora_default);
}

TEST(Sweep, ReadsLayersAsRangeOrList) {
  json document = minimal();
  const auto layers = [&](const json& axis) {
    document["axes"]["layers"] = axis;
    const auto spec = parse_sweep(document);
    EXPECT_TRUE(spec) << axis;
    return spec ? spec->layers : DepthAxis();
  };
  EXPECT_EQ(layers(json::object()), DepthAxis(DepthRange{std::nullopt, 2, 2}));
  EXPECT_EQ(layers({{"from", 12}, {"to", 1}, {"step", 3}}), DepthAxis(DepthRange{12, 1, 3}));
  EXPECT_EQ(layers({{"from", "full"}, {"to", 5}}), DepthAxis(DepthRange{std::nullopt, 5, 2}));
  EXPECT_EQ(layers({"full", 6, 1}), DepthAxis(std::vector<Depth>{std::nullopt, 6, 1}));
  for (const json& axis :
       {json(6), json("full"), json::array(), json{6, 6}, json{0}, json{"half"}, json{2.5}}) {
    document["axes"]["layers"] = axis;
    EXPECT_FALSE(parse_sweep(document)) << axis;
  }
}

TEST(Sweep, KeepsFurtherAxesByNameAndExclusions) {
  json document = minimal();
  document["axes"]["train.lr"] = {1e-4, 3e-4};
  document["axes"]["lora.targets"] = {{"q"}, {"q", "v"}};
  document["axes"]["train.early_stop"] = {nullptr, {{"patience", 2}}};
  document["exclude"] = json::array({{{"train.lr", 3e-4}, {"language", {"da", "nl"}}}});
  const auto spec = parse_sweep(document);
  ASSERT_TRUE(spec) << spec.error().front().message;
  ASSERT_EQ(spec->settings.size(), 3u);
  EXPECT_EQ(spec->settings[0].name, "lora.targets");
  EXPECT_EQ(spec->settings[1].name, "train.early_stop");
  EXPECT_EQ(spec->settings[2], (SettingAxis{"train.lr", {1e-4, 3e-4}}));
  EXPECT_EQ(spec->exclude, (std::vector<Exclusion>{{{"train.lr", {3e-4}}, {"language", {"da", "nl"}}}}));
}

// A value that its axis can never have would leave the rule without effect, unnoticed.
TEST(Sweep, RefusesAnExclusionThatCanNeverMatch) {
  json document = minimal();
  document["axes"]["train.lr"] = {1e-4};
  document["exclude"] = json::array({{{"layers", "full"}},
                                     {{"layers", {4, "2"}}},
                                     {{"encoder", 3}},
                                     {{"lora", "yes"}},
                                     {{"seed", "42"}},
                                     {{"train.lr", {"fast"}}}});
  const Errors errors = errors_of(document);
  EXPECT_ERROR(errors, "/exclude/0/layers", "wrong_type");
  EXPECT_ERROR(errors, "/exclude/1/layers/1", "wrong_type");
  EXPECT_ERROR(errors, "/exclude/2/encoder", "wrong_type");
  EXPECT_ERROR(errors, "/exclude/3/lora", "wrong_type");
  EXPECT_ERROR(errors, "/exclude/4/seed", "wrong_type");
  EXPECT_ERROR(errors, "/exclude/5/train.lr/0", "wrong_type");
  EXPECT_EQ(errors.size(), 6u);
}

TEST(Sweep, ReadsAnExclusionOfAnAxisOverLists) {
  json document = minimal();
  document["axes"]["lora.targets"] = {{"q"}, {"q", "v"}};
  document["exclude"] =
      json::array({{{"lora.targets", {"q", "v"}}}, {{"lora.targets", {{"q"}, {"q", "v"}}}}});
  const auto spec = parse_sweep(document);
  ASSERT_TRUE(spec) << spec.error().front().message;
  EXPECT_EQ(spec->exclude[0].at("lora.targets"), (std::vector<json>{{"q", "v"}}));
  EXPECT_EQ(spec->exclude[1].at("lora.targets"), (std::vector<json>{json::array({"q"}), {"q", "v"}}));
}

TEST(Sweep, WithoutEarlyStoppingIsNotOneWithTheDefault) {
  json document = minimal();
  document["train"]["early_stop"] = nullptr;
  EXPECT_EQ(parse_sweep(document)->train.early_stop, std::nullopt);
  document["train"]["early_stop"] = {{"patience", 2}};
  EXPECT_EQ(parse_sweep(document)->train.early_stop, (EarlyStopSpec{.patience = 2}));
}

}  // namespace
}  // namespace sweetspot
