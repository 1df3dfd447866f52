#include "schemas/cell.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

namespace sweetspot {
namespace {

using json = nlohmann::json;

// A cell in which no field has its default and every optional one is there.
Cell full_cell() {
  return {.recipe = "slam-asr",
          .encoder = "/models/whisper-small",
          .layers = 10,
          .language = "da",
          .lora = LoraSpec{.r = 8, .alpha = 16.5, .dropout = 0.05, .targets = {"q", "up"}, .lr = 3e-4},
          .seed = 9007199254740991,
          .llm = "Qwen/Qwen2.5-3B",
          .corpus = {"nemo-manifest", "/data/da", {1.0, 20.0}, 1.5, 40, 8, 16},
          .projector = {"concat-linear", 4, 64, 0.2, "embedding"},
          .train = {3, 2, 1e-3, 0.1, 0.5, 0.2, 0.01, "fp32", EarlyStopSpec{"wer", 2, 0.001}, false},
          .eval = {1, 32, 4, 0.6, 1.2, 3, 100}};
}

TEST(Cell, ReadsBackWhatItWrote) {
  Cell with_nulls = full_cell();
  with_nulls.lora.reset();
  with_nulls.train.early_stop.reset();
  with_nulls.corpus.train_hours.reset();
  with_nulls.corpus.limit_test.reset();
  for (const Cell& cell : {full_cell(), with_nulls}) {
    const auto read = cell_from_json(to_json(cell));
    ASSERT_TRUE(read) << read.error().front().pointer << read.error().front().message;
    EXPECT_EQ(*read, cell);
    EXPECT_EQ(cell_hash(*read), cell_hash(cell));
  }
}

TEST(CellWriter, WritesWhatToJsonWritesWhateverCameBefore) {
  Cell plain{.encoder = "a \"quoted\" one", .layers = 2, .language = "nl", .llm = "/models/ø"};
  Cell other = full_cell();
  other.train.lr = 1.0 / 3, other.lora->r = 9, other.seed = -1;
  CellWriter writer;
  for (const Cell& cell : {plain, full_cell(), full_cell(), other, plain, other})
    EXPECT_EQ(writer.text(cell), to_json(cell).dump());
}

TEST(Cell, TakesAValueAtADottedPath) {
  Cell cell = full_cell();
  const std::vector<std::pair<const char*, json>> settings = {
      {"train.lr", 0.5},      {"train.early_stop", nullptr},    {"lora.targets", {"k", "v"}},
      {"lora.lr", nullptr},   {"projector.type", "concat-mlp"}, {"eval.beam", 7},
      {"train.shuffle", true}};
  json expected = to_json(cell);
  for (const auto& [path, value] : settings) {
    set_field(cell, path, value);
    expected[json::json_pointer("/" + std::string(path).replace(std::string(path).find('.'), 1, "/"))] =
        value;
    EXPECT_EQ(to_json(cell), expected) << path;
  }
  cell.lora.reset();
  set_field(cell, "lora.r", 4);
  EXPECT_FALSE(cell.lora) << "a cell without LoRA stays without";
}

// Stored results are found again by this number. When it changes, every database loses its results: change
// the number only together with a migration.
TEST(Cell, HashNeverChanges) {
  const Cell cell{.encoder = "openai/whisper-small",
                  .layers = 12,
                  .language = "da",
                  .lora = LoraSpec{},
                  .llm = "Qwen/Qwen2.5-3B",
                  .corpus = {.path = "/data/da"}};
  EXPECT_EQ(
      to_json(cell).dump(),
      R"({"corpus":{"filter_seconds":[0.5,30.0],"format":"common-voice","limit_dev":null,"limit_test":null,)"
      R"("limit_train":null,"path":"/data/da","train_hours":null},"encoder":"openai/whisper-small",)"
      R"("eval":{"batch":32,"beam":2,"length_penalty":1.0,"max_new_tokens":128,"repetition_penalty":1.0,)"
      R"("validation_beam":1,"validation_utterances":1600},"language":"da","layers":12,)"
      R"("llm":"Qwen/Qwen2.5-3B","lora":{"alpha":32.0,"dropout":0.1,"lr":null,"r":16,)"
      R"("targets":["q","k","v","o"]},"projector":{"dropout":0.1,"frames":5,"hidden":2048,)"
      R"("norm_init":"one","type":"concat-linear"},"recipe":"slam-asr","seed":42,)"
      R"("train":{"batch":4,"clip":1.0,"early_stop":{"metric":"wer","min_delta":0.005,"patience":5},)"
      R"("epochs":15,"lr":0.0001,"min_lr_ratio":0.1,"precision":"bf16","shuffle":true,"warmup":0.05,)"
      R"("weight_decay":0.01}})");
  EXPECT_EQ(cell_hash(cell), "42f2de67d86a47ed0f6770bf64b9f7ca509de1afda844d902b4bd3ad514e1708");
}

// Every leaf of the document with each of a few other values in its place; those that are legal are other
// cells.
void each_change(json& document, json& at, const std::function<void()>& visit) {
  if (at.is_structured() && !at.empty()) {
    for (json& child : at) each_change(document, child, visit);
  }
  const json before = at;
  for (const json& other : {json(nullptr), json(true), json(false), json(7), json(0.25), json("nl"),
                            json("fp32"), json("bf16"), json("one"), json("embedding"), json("common-voice"),
                            json("nemo-manifest"), json("k"), json(2), json(5)}) {
    at = other;
    if (at != before) visit();
  }
  at = before;
}

TEST(Cell, HashDiffersWhenAnyFieldDoes) {
  json document = to_json(full_cell());
  std::set<std::string> seen = {cell_hash(full_cell())};
  std::set<json> changed;
  const json before = document;
  each_change(document, document, [&] {
    const auto cell = cell_from_json(document);
    if (!cell || to_json(*cell) == before) return;
    EXPECT_EQ(seen.insert(cell_hash(*cell)).second, changed.insert(to_json(*cell)).second) << document;
    for (const json& difference : json::diff(before, document)) changed.insert(difference["path"]);
  });
  // Each leaf but those with one legal value (recipe, projector.type, early_stop.metric) was changed at least
  // once.
  const json leaves = before.flatten();
  for (const auto& [pointer, value] : leaves.items()) {
    const bool fixed = pointer == "/recipe" || pointer == "/projector/type" || pointer.ends_with("/metric");
    EXPECT_EQ(changed.contains(json(pointer)), !fixed) << pointer;
  }
}

TEST(Cell, HashIsThatOfTheMeaningNotOfTheSpelling) {
  const auto a = cell_from_json(json::parse(
      R"({"encoder": "/e", "layers": 2, "language": "da", "llm": "/l", "corpus": {"path": "/c"},
          "train": {"lr": 1e-4, "epochs": 15}, "seed": 42})"));
  const auto b = cell_from_json(json::parse(
      R"({"seed": 42.0, "corpus": {"path": "/c", "filter_seconds": [0.5, 30]}, "llm": "/l", "language": "da",
          "layers": 2.0, "encoder": "/e", "lora": null, "train": {"lr": 0.0001}})"));
  ASSERT_TRUE(a && b);
  EXPECT_EQ(cell_hash(*a), cell_hash(*b));
}

TEST(Cell, ByHandMayLeaveOutWhatHasADefaultOnly) {
  const json least = {
      {"encoder", "/e"}, {"layers", 2}, {"language", "da"}, {"llm", "/l"}, {"corpus", {{"path", "/c"}}}};
  ASSERT_TRUE(cell_from_json(least));
  EXPECT_EQ(cell_from_json(least)->train, TrainSpec{});
  EXPECT_EQ(cell_from_json(least)->lora, std::nullopt);
  for (const auto& [name, value] : least.items()) {
    json lacking = least;
    lacking.erase(name);
    const auto cell = cell_from_json(lacking);
    ASSERT_FALSE(cell) << name;
    EXPECT_EQ(cell.error().front().code, "missing_field");
    EXPECT_NE(cell.error().front().message.find(name), std::string::npos);
  }
}

TEST(Cell, RefusesUnknownFieldsAtAnyDepth) {
  json document = to_json(full_cell());
  document["command"] = "rm";
  document["lora"]["rank"] = 8;
  document["train"]["early_stop"]["patienc"] = 8;
  const auto cell = cell_from_json(document);
  ASSERT_FALSE(cell);
  ASSERT_EQ(cell.error().size(), 3u);
  EXPECT_EQ(cell.error()[0].pointer, "/command");
  EXPECT_EQ(cell.error()[1].pointer, "/lora/rank");
  EXPECT_EQ(cell.error()[2].pointer, "/train/early_stop/patienc");
  EXPECT_EQ(cell.error()[2].hint, "did you mean 'patience'?");
}

TEST(ModelLabel, IsTheIdOrTheLastDirectory) {
  EXPECT_EQ(model_label("openai/whisper-small"), "openai/whisper-small");
  EXPECT_EQ(model_label("/models/whisper-small"), "whisper-small");
  EXPECT_EQ(model_label("/models/whisper-small//"), "whisper-small");
  EXPECT_EQ(model_label("/"), "");
}

}  // namespace
}  // namespace sweetspot
