// Reader: what tables need beside the rows of runs.
#include <algorithm>
#include <array>
#include <limits>

#include "daemon/store/queries.h"
#include "schemas/sha256.h"

namespace sweetspot::daemon {
namespace {

std::uint16_t narrowed(std::int64_t count) {
  return std::uint16_t(std::min<std::int64_t>(count, std::numeric_limits<std::uint16_t>::max()));
}

constexpr std::string_view kCells = R"(
  SELECT run.id, encoder, language, settings, layers, lora, seed, state, wer,
    coalesce(published.encoder_params, nullif(result.encoder_params, 0)), coalesce(projector_params, 0),
    coalesce(published.adapter_params, result.adapter_params, 0), coalesce(llm_params, 0),
    hits, substitutions, deletions, insertions, reduction, coalesce(sha256, '')
  FROM run LEFT JOIN result ON result.run = run.id LEFT JOIN published ON published.run = run.id
  WHERE sweep = ? ORDER BY position, run.id)";

// Runs of a language over the same data are one row; any of them knows why clips were skipped.
constexpr std::string_view kSplits = R"(
  SELECT language, ?2, document ->> ('$.' || ?2 || '.utterances'), document ->> ('$.' || ?2 || '.seconds'),
    document ->> ('$.' || ?2 || '.skipped'), count(*), min(run.id)
  FROM run JOIN result ON result.run = run.id WHERE sweep = ?1 GROUP BY 1, 3, 4, 5 ORDER BY 1, 7)";

constexpr std::string_view kSkipReasons = R"(
  SELECT key, value FROM result, json_each(document, '$.' || ?2 || '.reasons') WHERE result.run = ?1)";

// Of results without them: of those skipped clips that are named.
constexpr std::string_view kNamedSkipReasons = R"(
  SELECT value ->> '$.reason', count(*) FROM result, json_each(document, '$.skipped')
  WHERE result.run = ? AND value ->> '$.split' = ? GROUP BY 1)";

}  // namespace

Result<std::vector<FinishedRun>> Reader::finished_runs() {
  std::vector<FinishedRun> runs;
  Status status = database_.each("SELECT run, sha256 FROM result ORDER BY run", [&](const Row& row) {
    runs.push_back({row.get<RunId>(0), row.get<std::string>(1)});
  });
  return status ? Result<std::vector<FinishedRun>>(std::move(runs)) : status.error();
}

Status Reader::each_cell(SweepId sweep, const std::function<void(RunRow&&)>& visit) {
  return database_.each(
      kCells,
      [&](const Row& row) {
        const auto count = [&](int column) { return row.get<std::int64_t>(column); };
        RunRow run{.id = row.get<RunId>(0),
                   .encoder = row.get<std::string>(1),
                   .language = row.get<std::string>(2),
                   .settings = row.get<std::string>(3),
                   .layers = row.get<int>(4),
                   .lora = row.get<bool>(5),
                   .seed = count(6),
                   .state = parse_run_state(row.get<std::string_view>(7)).value_or(RunState::failed),
                   .wer = row.get<std::optional<double>>(8)};
        if (!row.is_null(9)) run.params = {count(9), count(10), count(11), count(12)};
        if (!row.is_null(13)) run.words = {count(13), count(14), count(15), count(16)};
        run.reduction = row.get<std::optional<double>>(17);
        run.result = row.get<std::string>(18);
        visit(std::move(run));
      },
      sweep);
}

Result<TestSplitRow> Reader::test_split(RunId run) {
  TestSplitRow split;
  std::string references;
  Status status = database_.each(
      "SELECT reference, hits + substitutions + deletions, substitutions + deletions + insertions "
      "FROM utterance WHERE run = ? ORDER BY number",
      [&](const Row& row) {
        references.append(row.get<std::string_view>(0)).push_back('\n');
        split.words.push_back(narrowed(row.get<std::int64_t>(1)));
        split.errors.push_back(narrowed(row.get<std::int64_t>(2)));
      },
      run);
  if (!status) return status.error();
  split.references_sha256 = sha256_hex(references);
  status = database_.each(
      "SELECT document ->> '$.evaluate_seconds', document ->> '$.audio_seconds' FROM result WHERE run = ?",
      [&](const Row& row) {
        split.evaluate_seconds = row.get<double>(0);
        split.audio_seconds = row.get<double>(1);
      },
      run);
  return status ? Result<TestSplitRow>(std::move(split)) : status.error();
}

Result<std::vector<SplitRow>> Reader::splits(SweepId sweep) {
  std::vector<SplitRow> rows;
  std::vector<RunId> examples;  // a run of each row
  for (const char* split : {"train", "dev", "test"}) {
    Status status = database_.each(
        kSplits,
        [&](const Row& row) {
          rows.push_back({.language = row.get<std::string>(0),
                          .split = row.get<std::string>(1),
                          .utterances = row.get<std::int64_t>(2),
                          .seconds = row.get<double>(3),
                          .skipped = row.get<std::int64_t>(4),
                          .reasons = {},
                          .runs = row.get<std::int64_t>(5)});
          examples.push_back(row.get<RunId>(6));
        },
        sweep, split);
    if (!status) return status.error();
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const std::string_view query : {kSkipReasons, kNamedSkipReasons}) {
      if (!rows[i].reasons.empty()) break;
      Status status = database_.each(
          query, [&](const Row& row) { rows[i].reasons[row.get<std::string>(0)] = row.get<std::int64_t>(1); },
          examples[i], rows[i].split);
      if (!status) return status.error();
    }
  }
  std::ranges::stable_sort(rows, {}, &SplitRow::language);
  return rows;
}

}  // namespace sweetspot::daemon
