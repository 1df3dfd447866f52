#include "daemon/http/sweep_results.h"

#include <fmt/format.h>

#include <unordered_map>

#include "daemon/http/lookup.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// A sweep has few settings for its many cells.
class Settings {
 public:
  const json& parsed(const std::string& text) {
    const auto [at, is_new] = known_.try_emplace(text);
    if (is_new) at->second = json::parse(text);
    return at->second;
  }

 private:
  std::unordered_map<std::string, json> known_;
};

CellResult cell_of(RunRow run, Settings& settings) {
  CellResult cell{.run = run.id,
                  .encoder = std::move(run.encoder),
                  .language = std::move(run.language),
                  .layers = run.layers,
                  .lora = run.lora,
                  .seed = run.seed,
                  .settings = settings.parsed(run.settings),
                  .state = run.state,
                  .words = run.words,
                  .params = run.params,
                  .result = std::move(run.result)};
  if (!run.words && run.wer) cell.published = {*run.wer, run.reduction};
  return cell;
}

// What an import says about itself: {normalizer, notes: {TABLE: [...]}, corpora}. Own sweeps say none of it.
json import_of(const SweepRow& sweep) {
  return sweep.source.empty() ? json::object() : json::parse(sweep.spec);
}

Result<std::vector<CellResult>> cells_of(Reader& reader, SweepId id) {
  std::vector<CellResult> cells;
  Settings settings;
  const Status read =
      reader.each_cell(id, [&](RunRow&& run) { cells.push_back(cell_of(std::move(run), settings)); });
  if (!read) return read.error();
  return cells;
}

}  // namespace

Result<Results, Problem> results_of(Context& context, SweepId id) {
  auto sweep = find_sweep(context, id);
  if (!sweep) return sweep.error();
  auto cells = cells_of(context.reader, id);
  if (!cells) return problem_of(cells.error());
  return Results{*std::move(sweep), *std::move(cells)};
}

Result<std::string, Problem> fingerprint_of(Context& context, SweepId id) {
  const auto newest = context.reader.newest_change(id);
  if (!newest) return problem_of(newest.error());
  return fmt::format("{} at {}\n", to_string(id), *newest);
}

std::string normalizer_of(const SweepRow& sweep) {
  return normalizer_with_version(import_of(sweep).value("normalizer", std::string(kWordNormalizer)));
}

void say_where_from(Report& table, const Results& results) {
  const json about = import_of(results.sweep);
  table.normalizer = normalizer_of(results.sweep);
  table.test_sets = test_sets_of(results.cells);
  if (!results.sweep.source.empty())
    table.notes.push_back(fmt::format("All figures are imported: {}", results.sweep.source));
  for (const json& note :
       about.value(json::json_pointer(fmt::format("/notes/{}", table.name)), json::array()))
    table.notes.push_back(note.get<std::string>());
}

std::vector<SplitUse> splits_of(Context& context, const SweepRow& sweep) {
  std::vector<SplitUse> splits;
  const json corpora = import_of(sweep).value("corpora", json::object());
  for (const auto& [language, corpus] : corpora.items())
    for (const char* split : {"train", "dev", "test"})
      if (corpus.contains(split))
        splits.push_back({.language = language,
                          .split = split,
                          .utterances = corpus[split].at("utterances"),
                          .seconds = 3600 * corpus[split].at("hours").get<double>()});
  if (!splits.empty()) return splits;
  auto rows = context.reader.splits(sweep.id);
  if (!rows) throw std::runtime_error(rows.error().message);
  for (SplitRow& row : *rows) {
    if (row.utterances + row.skipped == 0) continue;  // imported: nobody said
    splits.push_back({std::move(row.language), std::move(row.split), row.utterances, row.seconds, row.skipped,
                      std::move(row.reasons), row.runs});
  }
  return splits;
}

}  // namespace sweetspot::daemon
