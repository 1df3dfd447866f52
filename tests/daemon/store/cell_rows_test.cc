// What cells of a sweep have in common is stored once, and every one comes back as it was.
#include "daemon/store/cell_rows.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "daemon/store/queries.h"
#include "daemon/store/store.h"
#include "schemas/json_text.h"
#include "tests/daemon/temporary_directory.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// Axes over a value of every kind, in every group: fractions and whole numbers, words, lists, and nothing at all.
const json kSweep = {
    {"name", "every kind of axis"},
    {"axes",
     {{"encoder", {"/models/tiny", "/models/small"}},
      {"layers", {4, 2}},
      {"language", {"da", "nl"}},
      {"lora", {false, true}},
      {"seed", {1, 4294967296}},
      {"train.lr", {1e-4, 1, 0.1}},
      {"train.epochs", {2.0, 3}},
      {"train.early_stop", {nullptr, {{"patience", 3}}}},
      {"projector.norm_init", {"one", "embedding"}},
      {"lora.targets", {{"q", "v"}, {"gate"}}},
      {"eval.beam", {1, 4}}}},
    {"corpora", {{"da", {{"path", "/corpora/da"}, {"train_hours", 0.1}}}, {"nl", {{"path", "/corpora/nl"}}}}},
    {"llm", "/models/llm"}};

TEST(CellRows, EveryCellOfASweepComesBackAsItWas) {
  const auto spec = parse_sweep(kSweep);
  ASSERT_TRUE(spec) << spec.error().front().pointer << spec.error().front().message;
  const Grid grid = expand(*spec, [](const std::string&) { return EncoderShape{.layers = 4, .width = 8}; });
  ASSERT_EQ(grid.cells.size(), 2u * 2 * 2 * 2 * 3 * 2 * 2 * 2 * 2 * (1 + 2));

  TemporaryDirectory directory;
  auto store = Store::open(directory.path());
  const auto added = store->insert_sweep({.spec = *spec, .document = dump_json(kSweep), .cells = grid.cells});
  ASSERT_TRUE(added) << added.error().message;
  auto reader = Reader::open(directory.path());
  for (std::size_t i = 0; i < grid.cells.size(); ++i) {
    const Cell cell = grid.cells[i].cell();
    ASSERT_EQ(store->cell_of(added->runs[i].id).value(), cell);
    ASSERT_EQ(reader->run_files(added->runs[i].id)->cell, dump_json(to_json(cell)));
    ASSERT_EQ(cell_hash(cell), reader->run(added->runs[i].id).value()->cell_hash);
  }
  auto database = Database::open_for_reading(directory.path() / "sweetspot.db");
  EXPECT_EQ(database->one<int>("SELECT count(*) FROM cell_base").value(), 2 * 2 * 2 * 2);
  EXPECT_EQ(database->one<int>("SELECT max(length(cell)) FROM run").value(), 0);

  ASSERT_TRUE(store->remove_sweep(added->sweep.id));
  EXPECT_EQ(database->one<int>("SELECT count(*) FROM cell_base").value(), 0);
}

TEST(CellRows, ARunThatIsNotThereHasNoCell) {
  TemporaryDirectory directory;
  auto store = Store::open(directory.path());
  EXPECT_EQ(store->cell_of(RunId{1}).error().code, "not_found");
}

}  // namespace
}  // namespace sweetspot::daemon
