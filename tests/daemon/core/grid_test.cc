#include "daemon/core/grid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace {

using json = nlohmann::json;

constexpr EncoderShape kSmall{12, 768, 80, 1500, 3072}, kMedium{24, 1024, 80, 1500, 4096},
    kLarge{32, 1280, 80, 1500, 5120};

std::optional<EncoderShape> shape_of(const std::string& encoder) {
  if (encoder.ends_with("small")) return kSmall;
  if (encoder.ends_with("medium")) return kMedium;
  if (encoder.ends_with("large-v2")) return kLarge;
  return std::nullopt;
}

json sweep(json axes) {
  return {{"name", "t"},
          {"axes", std::move(axes)},
          {"corpora", {{"da", {{"path", "/data/da"}}}, {"nl", {{"path", "/data/nl"}}}}},
          {"llm", "/m/qwen"}};
}

Grid grid_of(const json& document) {
  const auto spec = parse_sweep(document);
  EXPECT_TRUE(spec) << (spec ? "" : spec.error().front().pointer + ": " + spec.error().front().message);
  return spec ? expand(*spec, shape_of) : Grid{};
}

std::vector<int> depths(const Grid& grid) {
  std::vector<int> out;
  for (const GridCell& c : grid.cells) out.push_back(c.cell().layers);
  return out;
}

json paper() {
  std::ostringstream text;
  text << std::ifstream(EXAMPLES "/paper/sweep.json").rdbuf();
  const auto document = parse_json(text.str());
  EXPECT_TRUE(document) << (document ? "" : document.error().message);
  return document ? *document : json();
}

// --- the paper's grid ---

TEST(Grid, OfThePaperHas204DifferentCells) {
  const Grid grid = grid_of(paper());
  EXPECT_TRUE(grid.errors.empty());
  EXPECT_EQ(grid.cells.size(), 204u);
  std::set<std::string> hashes;
  std::map<std::string, std::set<int>> by_encoder;
  std::map<std::pair<std::string, bool>, int> by_language;
  for (const GridCell& c : grid.cells) {
    EXPECT_EQ(c.hash, cell_hash(c.cell()));
    hashes.insert(c.hash);
    by_encoder[c.cell().encoder].insert(c.cell().layers);
    ++by_language[{c.cell().language, c.cell().lora.has_value()}];
  }
  EXPECT_EQ(hashes.size(), 204u);
  EXPECT_EQ(by_encoder["openai/whisper-small"], (std::set<int>{2, 4, 6, 8, 10, 12}));
  EXPECT_EQ(by_encoder["openai/whisper-medium"].size(), 12u);
  EXPECT_EQ(by_encoder["openai/whisper-large-v2"].size(), 16u);
  EXPECT_EQ(*by_encoder["openai/whisper-large-v2"].rbegin(), 32);
  for (const char* language : {"da", "nl", "en"}) {
    for (bool lora : {false, true}) EXPECT_EQ((by_language[{language, lora}]), 34) << language;
  }
}

TEST(Grid, OfThePaperHasItsSettings) {
  for (const GridCell& c : grid_of(paper()).cells) {
    EXPECT_EQ(c.cell().seed, 42);
    EXPECT_EQ(c.cell().llm, "Qwen/Qwen2.5-3B");
    EXPECT_EQ(c.cell().train, TrainSpec{});
    EXPECT_EQ(c.cell().eval, EvalSpec{});
    EXPECT_EQ(c.cell().projector, ProjectorSpec{});
    EXPECT_EQ(c.cell().corpus.train_hours, c.cell().language == "en" ? std::optional(100.0) : std::nullopt);
    if (!c.cell().lora) continue;
    EXPECT_EQ(*c.cell().lora, c.cell().language == "da" ? (LoraSpec{.r = 8, .alpha = 16}) : LoraSpec{});
  }
}

TEST(Grid, GoesFromTheWholeEncoderDown) {
  const Grid grid = grid_of(paper());
  const auto point = [&](std::size_t i) {
    const Cell c = grid.cells.at(i).cell();
    return json{c.encoder, c.layers, c.language, c.lora.has_value()};
  };
  EXPECT_EQ(point(0), (json{"openai/whisper-small", 12, "da", false}));
  EXPECT_EQ(point(1), (json{"openai/whisper-small", 12, "da", true}));
  EXPECT_EQ(point(2), (json{"openai/whisper-small", 12, "nl", false}));
  EXPECT_EQ(point(6), (json{"openai/whisper-small", 10, "da", false}));
  EXPECT_EQ(point(36), (json{"openai/whisper-medium", 24, "da", false}));
  EXPECT_EQ(point(203), (json{"openai/whisper-large-v2", 2, "en", true}));
}

// --- parameters: the counts of Hugging Face's WhisperEncoder ---

TEST(Grid, CountsTheEncodersParameters) {
  EXPECT_EQ(encoder_parameters(kSmall, 12), 88'154'112);
  EXPECT_EQ(encoder_parameters(kMedium, 24), 307'216'384);
  EXPECT_EQ(encoder_parameters(kLarge, 32), 636'784'640);
}

// Table 3 of the paper gives the pruned encoders in millions without their adapters: two blocks less each.
TEST(Grid, ALayerIsOneBlock) {
  EXPECT_EQ(encoder_parameters(kSmall, 12) - encoder_parameters(kSmall, 10), 2 * 7'087'104);
  EXPECT_EQ(encoder_parameters(kMedium, 24) - encoder_parameters(kMedium, 22), 2 * 12'595'200);
  EXPECT_EQ(encoder_parameters(kLarge, 32) - encoder_parameters(kLarge, 30), 2 * 19'676'160);
}

// --- order and identity ---

TEST(Grid, DoesNotDependOnTheOrderOfKeys) {
  const char* one = R"({"name": "t", "llm": "/q", "corpora": {"da": {"path": "/d"}, "nl": {"path": "/n"}},
    "axes": {"encoder": ["/small"], "layers": [4, 2], "language": ["nl", "da"], "lora": [true, false], "seed": [2, 1],
             "train.lr": [3e-4, 1e-4], "eval.beam": [2, 1]}})";
  const char* other =
      R"({"axes": {"eval.beam": [2, 1], "train.lr": [3e-4, 1e-4], "seed": [2, 1], "lora": [true, false],
    "language": ["nl", "da"], "layers": [4, 2], "encoder": ["/small"]},
    "corpora": {"nl": {"path": "/n"}, "da": {"path": "/d"}}, "llm": "/q", "name": "t"})";
  const Grid a = grid_of(*parse_json(one)), b = grid_of(*parse_json(other));
  ASSERT_EQ(a.cells.size(), 64u);
  EXPECT_TRUE(std::ranges::equal(a.cells, b.cells, {}, &GridCell::hash, &GridCell::hash));
  EXPECT_EQ(a.cells[0].cell().language, "nl");
  EXPECT_TRUE(a.cells[0].cell().lora.has_value());
  EXPECT_EQ(a.cells[0].cell().seed, 2);
  EXPECT_EQ(*a.cells[0].settings, (json{{"eval.beam", 2}, {"train.lr", 3e-4}}));
  EXPECT_EQ(*a.cells[1].settings, (json{{"eval.beam", 2}, {"train.lr", 1e-4}}))
      << "the last axis is the fastest";
}

TEST(Grid, TheNameOfASweepIsNoPartOfItsCells) {
  json a = sweep({{"encoder", {"/small"}}, {"language", {"da"}}, {"layers", {2}}}), b = a;
  b["name"] = "other", b["priority"] = 7;
  EXPECT_EQ(grid_of(a).cells[0].hash, grid_of(b).cells[0].hash);
}

TEST(Grid, ADepthNamedTwiceIsOneCell) {
  const Grid grid =
      grid_of(sweep({{"encoder", {"/small"}}, {"language", {"da"}}, {"layers", {"full", 12, 2}}}));
  EXPECT_EQ(depths(grid), (std::vector<int>{12, 2}));
}

TEST(Grid, AffinityIsSharedByWhatLoadsTheSame) {
  const Grid grid = grid_of(sweep({{"encoder", {"/small", "/medium"}},
                                   {"language", {"da", "nl"}},
                                   {"layers", {4, 2}},
                                   {"lora", {false, true}},
                                   {"seed", {1, 2}}}));
  std::map<std::string, std::set<json>> by_affinity;
  for (const GridCell& c : grid.cells)
    by_affinity[c.workload->affinity].insert(json{c.cell().encoder, c.cell().language});
  EXPECT_EQ(by_affinity.size(), 4u);
  for (const auto& [affinity, points] : by_affinity) EXPECT_EQ(points.size(), 1u);
}

// --- depths ---

TEST(Grid, StepsDownFromTheTop) {
  const auto range = [](json layers) {
    return depths(grid_of(sweep({{"encoder", {"/small"}}, {"language", {"da"}}, {"layers", layers}})));
  };
  EXPECT_EQ(range({{"step", 5}}), (std::vector<int>{12, 7, 2}));
  EXPECT_EQ(range({{"to", 1}, {"step", 4}}), (std::vector<int>{12, 8, 4}));
  EXPECT_EQ(range({{"from", 3}, {"to", 3}}), (std::vector<int>{3}));
  EXPECT_EQ(range({{"step", 1000}}), (std::vector<int>{12}));
}

TEST(Grid, NamesImpossibleDepths) {
  Grid grid =
      grid_of(sweep({{"encoder", {"/small", "/medium"}}, {"language", {"da"}}, {"layers", {24, 12, 13}}}));
  ASSERT_EQ(grid.errors.size(), 2u);
  EXPECT_EQ(grid.errors[0].code, "impossible_depth");
  EXPECT_EQ(grid.errors[0].message, "small has 12 layers, not 24");
  EXPECT_EQ(grid.errors[0].pointer, "/axes/layers/0");
  EXPECT_EQ(grid.errors[1].pointer, "/axes/layers/2");
  EXPECT_NE(grid.errors[0].hint.find("12"), std::string::npos);

  grid =
      grid_of(sweep({{"encoder", {"/small"}}, {"language", {"da"}}, {"layers", {{"from", 14}, {"to", 2}}}}));
  ASSERT_EQ(grid.errors.size(), 1u);
  EXPECT_EQ(grid.errors[0].pointer, "/axes/layers/from");

  grid = grid_of(sweep({{"encoder", {"/small"}}, {"language", {"da"}}, {"layers", {{"to", 13}}}}));
  ASSERT_EQ(grid.errors.size(), 1u);
  EXPECT_EQ(grid.errors[0].pointer, "/axes/layers/to");
}

TEST(Grid, AnImpossibleDepthMayBeExcluded) {
  json document = sweep({{"encoder", {"/small", "/medium"}}, {"language", {"da"}}, {"layers", {24, 12}}});
  document["exclude"] = json::array({{{"encoder", "/small"}, {"layers", {24, 13}}}});
  const Grid grid = grid_of(document);
  EXPECT_TRUE(grid.errors.empty());
  EXPECT_EQ(depths(grid), (std::vector<int>{12, 24, 12}));
  document["exclude"][0]["language"] = "nl";
  EXPECT_EQ(grid_of(document).errors.size(), 1u) << "only nl is excluded, da is not";
}

TEST(Grid, NamesAnEncoderOfUnknownShape) {
  const Grid grid = grid_of(sweep({{"encoder", {"/small", "/strange"}}, {"language", {"da"}}}));
  ASSERT_EQ(grid.errors.size(), 1u);
  EXPECT_EQ(grid.errors[0].code, "unknown_encoder");
  EXPECT_EQ(grid.errors[0].pointer, "/axes/encoder/1");
}

// --- exclusions ---

TEST(Grid, ExcludesWhatMatchesEveryEntryOfOneRule) {
  json document = sweep({{"encoder", {"/small"}},
                         {"language", {"da", "nl"}},
                         {"layers", {4, 2}},
                         {"lora", {false, true}},
                         {"seed", {1, 2}},
                         {"train.lr", {1e-4, 3e-4}}});
  ASSERT_EQ(grid_of(document).cells.size(), 32u);
  document["exclude"] = json::array({{{"language", "da"}, {"layers", {2, 6}}},
                                     {{"lora", true}, {"seed", 2}},
                                     {{"train.lr", 3e-4}, {"language", "nl"}}});
  const Grid grid = grid_of(document);
  EXPECT_EQ(grid.cells.size() + grid.excluded.size(), 32u);
  EXPECT_EQ(grid.cells.size(), 12u);
  for (const GridCell& c : grid.cells) {
    EXPECT_FALSE(c.cell().language == "da" && c.cell().layers == 2);
    EXPECT_FALSE(c.cell().lora && c.cell().seed == 2);
    EXPECT_FALSE(c.cell().train.lr == 3e-4 && c.cell().language == "nl");
  }
  for (const ExcludedCell& c : grid.excluded) {
    const bool first = c.point["language"] == "da" && c.point["layers"] == 2;
    const bool second = c.point["lora"] == true && c.point["seed"] == 2;
    EXPECT_EQ(c.rule, first ? 0u : second ? 1u : 2u) << c.point;
  }
}

// --- further axes and LoRA ---

TEST(Grid, LoraByLanguageReachesItsCells) {
  json document =
      sweep({{"encoder", {"/small"}}, {"language", {"da", "nl"}}, {"layers", {2}}, {"lora", {true}}});
  document["lora"] = {{"default", {{"r", 4}, {"dropout", 0}}}, {"by_language", {{"da", {{"r", 2}}}}}};
  const Grid grid = grid_of(document);
  EXPECT_EQ(*grid.cells[0].cell().lora, (LoraSpec{.r = 2, .dropout = 0}));
  EXPECT_EQ(*grid.cells[1].cell().lora, (LoraSpec{.r = 4, .dropout = 0}));
}

TEST(Grid, AnAxisOverLoraDoesNotMultiplyCellsWithoutIt) {
  const Grid grid = grid_of(sweep({{"encoder", {"/small"}},
                                   {"language", {"da"}},
                                   {"layers", {2}},
                                   {"lora", {false, true}},
                                   {"lora.r", {4, 8, 16}}}));
  ASSERT_EQ(grid.cells.size(), 4u);
  EXPECT_FALSE(grid.cells[0].cell().lora);
  EXPECT_EQ(*grid.cells[0].settings, json::object()) << "it has no rank";
  std::vector<int> ranks;
  for (const GridCell& c : grid.cells) {
    if (c.cell().lora) ranks.push_back(c.cell().lora->r);
  }
  EXPECT_EQ(ranks, (std::vector<int>{4, 8, 16}));
}

TEST(Grid, FurtherAxesSetWhatTheyName) {
  const Grid grid = grid_of(sweep({{"encoder", {"/small"}},
                                   {"language", {"da"}},
                                   {"layers", {2}},
                                   {"lora", {true}},
                                   {"train.epochs", {1, 2}},
                                   {"projector.hidden", {64}},
                                   {"eval.beam", {3}},
                                   {"lora.targets", json::array({{"q", "v"}})},
                                   {"train.early_stop", {nullptr}}}));
  ASSERT_EQ(grid.cells.size(), 2u);
  const Cell cell = grid.cells[1].cell();
  EXPECT_EQ(cell.train.epochs, 2);
  EXPECT_EQ(cell.train.early_stop, std::nullopt);
  EXPECT_EQ(cell.projector.hidden, 64);
  EXPECT_EQ(cell.eval.beam, 3);
  EXPECT_EQ(cell.lora->targets, (std::vector<std::string>{"q", "v"}));
}

// --- the cap ---

TEST(Grid, RefusesMoreThanItsCapBeforeExpandingIt) {
  json numbers = json::array();
  for (int i = 1; i <= 1000; ++i) numbers.push_back(i);
  // 10^12 points: expanded first, they would not fit any memory.
  json document = sweep({{"encoder", {"/small"}},
                         {"language", {"da"}},
                         {"layers", {2}},
                         {"seed", numbers},
                         {"train.epochs", numbers},
                         {"train.batch", numbers},
                         {"eval.batch", numbers}});
  const Grid grid = grid_of(document);
  ASSERT_FALSE(grid.errors.empty());
  EXPECT_EQ(grid.errors[0].code, "too_many_cells");
  EXPECT_NE(grid.errors[0].message.find("100000"), std::string::npos);
  EXPECT_TRUE(grid.cells.empty());
}

TEST(Grid, ItsCapIsOverAllEncodersTogether) {
  json seeds = json::array();
  for (int i = 0; i < 1000; ++i) seeds.push_back(i);
  const Grid grid = grid_of(sweep({{"encoder", {"/small", "/medium"}},  // 60,000 and 120,000 cells
                                   {"language", {"da"}},
                                   {"layers", {{"step", 1}, {"to", 1}}},
                                   {"seed", seeds},
                                   {"train.epochs", {1, 2, 3, 4, 5}}}));
  ASSERT_EQ(grid.errors.size(), 1u);
  EXPECT_EQ(grid.errors[0].code, "too_many_cells");
  EXPECT_TRUE(grid.cells.empty());
}

}  // namespace
}  // namespace sweetspot::daemon
