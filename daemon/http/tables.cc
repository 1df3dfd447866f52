#include <fmt/format.h>

#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"
#include "daemon/http/sweep_results.h"
#include "daemon/report/comparison.h"
#include "daemon/report/datasets.h"
#include "daemon/report/degradation.h"
#include "daemon/report/format.h"
#include "daemon/report/patterns.h"
#include "daemon/report/reduction.h"
#include "daemon/report/sweet_spot.h"
#include "daemon/report/wer_table.h"
#include "daemon/report/word_errors.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// What a reader of a comparison has to know about the two.
std::vector<std::string> differences_between(const SweepRow& here, const SweepRow& there) {
  std::vector<std::string> notes = {fmt::format("Here: {} ({}). There: {} ({}).", here.name,
                                                to_string(here.id), there.name, to_string(there.id))};
  if (!there.source.empty())
    notes.push_back(fmt::format("There, all figures are imported: {}", there.source));
  if (normalizer_of(here) != normalizer_of(there))
    notes.push_back(fmt::format("Words were normalised differently: {} here, {} there.", normalizer_of(here),
                                normalizer_of(there)));
  return notes;
}

SpotRule rule_of(const Request& request) {
  const std::string prefer = request.query_text("prefer", "layers");
  return {
      .kind = request.query_text("rule") == "within" ? SpotRule::Kind::within : SpotRule::Kind::paper,
      .within = std::stod(request.query_text("within", "0.02")),
      .scope = request.query_text("scope") == "macro" ? SpotRule::Scope::macro : SpotRule::Scope::language,
      .prefer = prefer == "params"  ? SpotRule::Prefer::params
                : prefer == "speed" ? SpotRule::Prefer::speed
                                    : SpotRule::Prefer::layers};
}

// The request that queues just those of `needs` that are over without a result; null: all of them are on
// their way.
json call_for(SweepId sweep, const json& needs) {
  json runs = json::array();
  for (const json& cell : needs) {
    const RunState state = *parse_run_state(cell.at("state").get<std::string>());
    if (is_terminal(state) && state != RunState::succeeded) runs.push_back(cell.at("run"));
  }
  if (runs.empty()) return nullptr;
  return {{"method", "POST"},
          {"path", fmt::format("/api/v1/sweeps/{}/actions/retry", to_string(sweep))},
          {"body", {{"runs", std::move(runs)}}}};
}

Response written(const Report& table, const std::string& format) {
  if (format == "csv") return {.content_type = "text/csv; charset=utf-8", .body = csv(table)};
  if (format == "md") return {.content_type = "text/markdown; charset=utf-8", .body = markdown(table)};
  if (format == "latex")
    return {.content_type = "application/x-latex; charset=utf-8",
            .body = latex(table.name == "wer" ? wer_pivot(table) : table)};
  return json_response(to_json(table));
}

// `make` is given the Results and gives a Report.
template <class Make>
Answer table_answer(Context& context, const Request& request, Make make) {
  auto results = results_of(context, sweep_id(request));
  if (!results) return results.error();
  Report table = make(*results);
  say_where_from(table, *results);
  return written(table, request.query_text("format", "json"));
}

Answer table_of_cells(Context& context, const Request& request, Report (*make)(std::span<const CellResult>)) {
  return table_answer(context, request, [&](const Results& results) { return make(results.cells); });
}

}  // namespace

Answer get_datasets_table(Context& context, const Request& request) {
  return table_answer(context, request, [&](const Results& results) {
    return datasets_table(splits_of(context, results.sweep), results.cells);
  });
}

Answer get_wer_table(Context& context, const Request& request) {
  return table_of_cells(context, request, wer_table);
}

Answer get_sweet_spot_table(Context& context, const Request& request) {
  return table_answer(context, request, [&](const Results& results) {
    Report table = sweet_spot_table(results.cells, rule_of(request));
    for (json& encoder : table.summary["encoders"])
      encoder["call"] = call_for(results.sweep.id, encoder.at("needs"));
    return table;
  });
}

Answer get_comparison_table(Context& context, const Request& request) {
  auto other = results_of(context, parse_id<SweepTag>(request.query_text("with")).value_or(SweepId{}));
  if (!other) return other.error();
  return table_answer(context, request, [&](const Results& results) {
    Report table = comparison_table(results.cells, other->cells);
    table.notes = differences_between(results.sweep, other->sweep);
    return table;
  });
}

Answer get_degradation_table(Context& context, const Request& request) {
  return table_of_cells(context, request, degradation_table);
}

Answer get_reduction_table(Context& context, const Request& request) {
  return table_of_cells(context, request, reduction_table);
}

Answer get_patterns_table(Context& context, const Request& request) {
  return table_answer(context, request, [&](const Results& results) {
    return patterns_table(results.cells, [&](RunId run, const std::vector<std::int64_t>& numbers) {
      auto utterances = context.reader.utterances(run, numbers);
      if (!utterances) throw std::runtime_error(utterances.error().message);
      return *std::move(utterances);
    });
  });
}

Answer get_word_errors_table(Context& context, const Request& request) {
  return table_of_cells(context, request, word_errors_table);
}

}  // namespace sweetspot::daemon
