// The paper's published WERs (arXiv 2603.27981, Table 2), imported, give its own Tables 3 and 5 figure by
// figure.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "daemon/core/imported.h"
#include "daemon/report/reduction.h"
#include "daemon/report/sweet_spot.h"
#include "daemon/report/wer_table.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

std::vector<CellResult> published() {
  std::ifstream file(PUBLISHED_RESULTS);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto results = read_imported(parse_json(text).value());
  std::vector<CellResult> cells;
  for (const ImportedCell& cell : results.value().cells) {
    CellResult result{.run = RunId{std::int64_t(cells.size()) + 1},
                      .encoder = cell.encoder,
                      .language = cell.language,
                      .layers = cell.layers,
                      .lora = cell.lora,
                      .state = RunState::succeeded,
                      .published = Published{*cell.wer, cell.reduction}};
    if (cell.encoder_params)
      result.params =
          ParameterCounts{.encoder = *cell.encoder_params, .adapter = cell.adapter_params.value_or(0)};
    cells.push_back(std::move(result));
  }
  return cells;
}

// Rounded as printed: half away from zero.
double printed(double value, int decimals) {
  const double scale = std::pow(10, decimals);
  return std::round(value * scale * (1 + 1e-12)) / scale;
}

struct PrintedSpot {
  const char *encoder, *kind;
  int layers;
  double params, net_delta;  // millions, to `decimals`
  int decimals;
  double da, nl, en;  // WER, per cent
};

constexpr PrintedSpot kTable3[] = {
    {"openai/whisper-small", "baseline", 12, 88.15, 0, 2, 47.41, 17.98, 21.84},
    {"openai/whisper-small", "baseline_lora", 12, 89.65, 1.5, 2, 41.94, 15.40, 17.87},
    {"openai/whisper-small", "sweet_spot", 10, 75.5, -12.7, 1, 47.23, 16.98, 20.64},
    {"openai/whisper-medium", "baseline", 24, 307.24, 0, 2, 39.00, 12.74, 16.33},
    {"openai/whisper-medium", "baseline_lora", 24, 309.0, 1.8, 1, 38.88, 10.92, 14.13},
    {"openai/whisper-medium", "sweet_spot", 22, 284.0, -23.2, 1, 37.91, 11.84, 15.82},
    {"openai/whisper-large-v2", "baseline", 32, 636.83, 0, 2, 36.09, 12.05, 13.36},
    {"openai/whisper-large-v2", "baseline_lora", 32, 638.3, 1.5, 1, 34.07, 10.32, 11.58},
    {"openai/whisper-large-v2", "sweet_spot", 30, 599.0, -37.8, 1, 35.81, 11.44, 12.16},
};

TEST(Published, GivesThePapersTable3) {
  const auto cells = published();
  ASSERT_EQ(cells.size(), 204u);
  const Report table = sweet_spot_table(cells);
  ASSERT_EQ(table.rows.size(), std::size(kTable3));
  for (std::size_t i = 0; i < std::size(kTable3); ++i) {
    const PrintedSpot& expected = kTable3[i];
    const json& row = table.rows[i];
    SCOPED_TRACE(row.dump());
    EXPECT_EQ(row["encoder"], expected.encoder);
    EXPECT_EQ(row["kind"], expected.kind);
    EXPECT_EQ(row["layers"], expected.layers);
    EXPECT_DOUBLE_EQ(printed(row["params"].get<double>() / 1e6, expected.decimals), expected.params);
    EXPECT_DOUBLE_EQ(printed(row["net_delta"].get<double>() / 1e6, expected.decimals), expected.net_delta);
    EXPECT_DOUBLE_EQ(printed(100 * row["wer"]["da"].get<double>(), 2), expected.da);
    EXPECT_DOUBLE_EQ(printed(100 * row["wer"]["nl"].get<double>(), 2), expected.nl);
    EXPECT_DOUBLE_EQ(printed(100 * row["wer"]["en"].get<double>(), 2), expected.en);
  }
}

TEST(Published, SavesWhatTable3SaysAndNotWhatTheAbstractSays) {
  const json encoders = sweet_spot_table(published()).summary["encoders"];
  EXPECT_DOUBLE_EQ(printed(100 * encoders[0]["reduction"].get<double>(), 1), 14.4);
  EXPECT_DOUBLE_EQ(printed(100 * encoders[2]["reduction"].get<double>(), 1), 5.9) << "the abstract says 7";
}

struct PrintedReduction {
  const char *encoder, *language;
  double full, pruned;  // points
  const char* larger;
};

constexpr PrintedReduction kTable5[] = {
    {"openai/whisper-small", "da", 5.47, 3.26, "full"},
    {"openai/whisper-small", "nl", 2.58, 4.18, "pruned"},
    {"openai/whisper-small", "en", 3.97, 5.17, "pruned"},
    {"openai/whisper-medium", "da", 0.12, 1.82, "pruned"},
    {"openai/whisper-medium", "nl", 1.82, 2.38, "pruned"},
    {"openai/whisper-medium", "en", 2.20, 2.07, "full"},
    {"openai/whisper-large-v2", "da", 2.02, 2.55, "pruned"},
    {"openai/whisper-large-v2", "nl", 1.73, 2.17, "pruned"},
    {"openai/whisper-large-v2", "en", 1.78, 2.71, "pruned"},
};

TEST(Published, GivesThePapersTable5AndItsSevenOfNine) {
  const auto cells = published();
  const Report table = reduction_table(cells);
  ASSERT_EQ(table.rows.size(), std::size(kTable5));
  for (const PrintedReduction& expected : kTable5) {
    const auto row = std::find_if(table.rows.begin(), table.rows.end(), [&](const json& r) {
      return r["encoder"] == expected.encoder && r["language"] == expected.language;
    });
    ASSERT_NE(row, table.rows.end());
    SCOPED_TRACE(row->dump());
    EXPECT_DOUBLE_EQ(printed(100 * (*row)["full"].get<double>(), 2), expected.full);
    EXPECT_DOUBLE_EQ(printed(100 * (*row)["pruned"].get<double>(), 2), expected.pruned);
    EXPECT_EQ((*row)["larger"], expected.larger);
    EXPECT_TRUE((*row)["significant"].is_null()) << "no utterances, no interval";
  }
  EXPECT_EQ(table.summary["pruned_larger"], 7);
  EXPECT_EQ(table.summary["of"], 9);
}

TEST(Published, HasTheReductionsOfTable2) {
  const Report table = wer_table(published());
  EXPECT_EQ(table.summary["done"], 204);
  EXPECT_DOUBLE_EQ(printed(100 * table.rows[6]["reduction"].get<double>(), 1), 16.1);
  EXPECT_DOUBLE_EQ(table.summary["best"].get<double>(), 0.1032);
}

}  // namespace
}  // namespace sweetspot::daemon
