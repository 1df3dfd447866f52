// sweep.schema.json against the structs it describes: what a form shows is what a cell gets.
#include <gtest/gtest.h>

#include <functional>

#include "schemas/json_schema.h"
#include "schemas/sweep.h"

namespace sweetspot {
namespace {

using json = nlohmann::json;

// The schema of a field with its reference followed; what stands beside a reference wins.
json resolved(const json& schema) {
  if (!schema.contains("$ref")) return schema;
  json target = resolved(sweep_schema().at(json::json_pointer(schema["$ref"].get<std::string>().substr(1))));
  for (const auto& [key, value] : schema.items()) {
    if (key != "$ref") target[key] = value;
  }
  return target;
}

json defaults_of(const std::string& definition) {
  json defaults = json::object();
  for (const auto& [name, field] : sweep_schema()["$defs"][definition]["properties"].items())
    defaults[name] = resolved(field).at("default");
  return defaults;
}

// 1 and 1.0 are one number, and nlohmann compares them so.
TEST(SweepSchema, StatesTheDefaultsOfTheStructs) {
  Cell cell;
  cell.lora = LoraSpec{};
  const json written = to_json(cell);
  EXPECT_EQ(defaults_of("projector"), written["projector"]);
  EXPECT_EQ(defaults_of("lora"), written["lora"]);
  EXPECT_EQ(defaults_of("train"), written["train"]);
  EXPECT_EQ(defaults_of("early_stop"), written["train"]["early_stop"]);
  EXPECT_EQ(defaults_of("eval"), written["eval"]);
  EXPECT_EQ(defaults_of("corpus"), written["corpus"]);
}

TEST(SweepSchema, StatesTheDefaultsOfTheSweep) {
  const SweepSpec spec;
  const json& axes = sweep_schema()["$defs"]["axes"]["properties"];
  const json& fields = sweep_schema()["properties"];
  EXPECT_EQ(axes["lora"]["default"], json(spec.lora));
  EXPECT_EQ(axes["seed"]["default"], json(spec.seeds));
  const DepthRange range;
  EXPECT_FALSE(range.from);
  EXPECT_EQ(axes["layers"]["default"], (json{{"from", "full"}, {"to", range.to}, {"step", range.step}}));
  EXPECT_EQ(fields["priority"]["default"], spec.priority);
  EXPECT_EQ(fields["recipe"]["default"], spec.recipe);
  const json& cell = sweep_schema()["$defs"]["cell"]["properties"];
  EXPECT_EQ(cell["seed"]["default"], Cell().seed);
  EXPECT_EQ(cell["recipe"]["default"], Cell().recipe);
  EXPECT_EQ(cell["lora"]["default"], json(nullptr));
}

// Writing every default down must not change what the sweep means.
TEST(SweepSchema, DefaultsWrittenOutGiveTheSameSweep) {
  json document = {{"name", "t"},
                   {"axes", {{"encoder", {"/m/w"}}, {"language", {"da"}}}},
                   {"corpora", {{"da", {{"path", "/data/da"}}}}},
                   {"llm", "/m/q"}};
  const auto before = parse_sweep(document);
  for (const char* group : {"projector", "train", "eval"}) document[group] = defaults_of(group);
  document["lora"]["default"] = defaults_of("lora");
  const json& axes = sweep_schema()["$defs"]["axes"]["properties"];
  for (const char* axis : {"layers", "lora", "seed"}) document["axes"][axis] = axes[axis]["default"];
  json corpus = defaults_of("corpus");
  corpus["path"] = "/data/da";
  document["corpora"]["da"] = corpus;
  const auto after = parse_sweep(document);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(*before, *after);
}

// Calls `visit` with each field of the document, wherever it stands.
void each_field(const json& schema, const std::string& at,
                const std::function<void(const json&, std::string)>& visit) {
  if (!schema.is_structured()) return;
  for (const auto& [key, value] : schema.items()) {
    if (key == "default" || key == "examples") continue;
    if (key == "properties") {
      for (const auto& [name, field] : value.items()) visit(field, at + "/properties/" + name);
    }
    each_field(value, at + "/" + key, visit);
  }
}

TEST(SweepSchema, DescribesEveryField) {
  int fields = 0;
  each_field(sweep_schema(), "", [&](const json& field, const std::string& at) {
    ++fields;
    const json full = resolved(field);
    for (const char* key : {"title", "description", "default", "examples"})
      EXPECT_TRUE(full.contains(key)) << at << " has no " << key;
    EXPECT_TRUE(full.contains("type") || full.contains("anyOf")) << at << " has no type";
  });
  EXPECT_GT(fields, 60);
}

TEST(SweepSchema, AcceptsItsOwnExamplesAndRefusesAnArrayInTheirPlace) {
  each_field(sweep_schema(), "", [&](const json& field, const std::string& at) {
    const json full = resolved(field);
    ASSERT_TRUE(full["examples"].is_array() && !full["examples"].empty()) << at;
    for (const json& example : full["examples"]) {
      const Errors errors = validate(example, full, sweep_schema());
      EXPECT_TRUE(errors.empty()) << at << ": " << example << ": " << errors.front().message;
    }
    EXPECT_FALSE(validate(json::array({json::array({json::array()})}), full, sweep_schema()).empty()) << at;
  });
}

// A default may be of no use ("" for what must be given), but never of another type.
TEST(SweepSchema, DefaultsAreOfTheirFieldsType) {
  each_field(sweep_schema(), "", [&](const json& field, const std::string& at) {
    const json full = resolved(field);
    for (const Error& error : validate(full["default"], full, sweep_schema()))
      EXPECT_NE(error.code, "wrong_type") << at << ": " << error.message;
  });
}

TEST(SweepSchema, KnowsEveryFieldOfACell) {
  Cell cell;
  cell.lora = LoraSpec{};
  const json written = to_json(cell);
  const json& definitions = sweep_schema()["$defs"];
  const auto names = [](const json& object) {
    std::vector<std::string> out;
    for (const auto& [name, value] : object.items()) out.push_back(name);
    return out;
  };
  EXPECT_EQ(names(definitions["cell"]["properties"]), names(written));
  for (const char* part : {"corpus", "projector", "lora", "train", "eval"})
    EXPECT_EQ(names(definitions[part]["properties"]), names(written[part])) << part;
}

}  // namespace
}  // namespace sweetspot
