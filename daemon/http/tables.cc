#include <fmt/format.h>
#include <malloc.h>

#include <functional>

#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"
#include "daemon/http/spot_calls.h"
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

Result<Report, Problem> compared(const std::vector<Results>& results) {
  const Results &here = results[0], &there = results[1];
  Report table =
      comparison_table({here.cells, normalizer_of(here.sweep)}, {there.cells, normalizer_of(there.sweep)});
  if (table.rows.empty())
    return Problem{409,
                   {"nothing_in_common", why_nothing_in_common(here.cells, there.cells),
                    "compare sweeps that share encoder, layers, language, LoRA, seed and settings", ""}};
  table.notes = differences_between(here.sweep, there.sweep);
  return table;
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

Response written(Report table, const std::string& format) {
  if (format == "csv") return {.content_type = "text/csv; charset=utf-8", .body = csv(table)};
  if (format == "md") return {.content_type = "text/markdown; charset=utf-8", .body = markdown(table)};
  if (format == "latex")
    return {.content_type = "application/x-latex; charset=utf-8",
            .body = latex(table.name == "wer" ? wer_pivot(table) : table)};
  return json_response(to_json(std::move(table)));
}

// The same for every way of asking for the same answer.
std::string name_of(const Request& request) {
  std::string name = request.path;
  for (const auto& [key, value] : request.query) name += fmt::format("&{}={}", key, value);
  return name;
}

constexpr std::size_t kLargeAnswer = 4 << 20;

using Making = std::function<Result<Report, Problem>(const std::vector<Results>&)>;

Result<Response, Problem> made_anew(const Request& request, const std::vector<Results>& results,
                                    const Making& make) {
  auto table = make(results);
  if (!table) return table.error();
  say_where_from(*table, results[0]);
  return written(*std::move(table), request.query_text("format", "json"));
}

// A table of these sweeps, the first of which it is about: as it was made last, or, where something has
// changed since, made anew.
Answer table_answer(Context& context, const Request& request, const std::vector<SweepId>& sweeps,
                    const Making& make) {
  std::string made_of;
  for (SweepId sweep : sweeps) {
    auto fingerprint = fingerprint_of(context, sweep);
    if (!fingerprint) return fingerprint.error();
    made_of += *fingerprint;
  }
  const std::string name = name_of(request);
  if (const auto known = context.site.tables.find(name, made_of)) return *known;
  std::vector<Results> results;
  for (SweepId sweep : sweeps) {
    auto found = results_of(context, sweep);
    if (!found) return found.error();
    results.push_back(*std::move(found));
    if (Status filled = context.site.evidence.fill(context.reader, results.back().cells); !filled)
      return problem_of(filled.error());
  }
  auto answer = made_anew(request, results, make);
  results.clear();
  if (!answer) return answer.error();
  context.site.tables.keep(name, made_of, std::make_shared<const Response>(*answer));
  if (answer->body.size() > kLargeAnswer) malloc_trim(0);  // what it was made of was many times as large
  return *std::move(answer);
}

Answer table_of_cells(Context& context, const Request& request, Report (*make)(std::span<const CellResult>)) {
  return table_answer(context, request, {sweep_id(request)},
                      [&](const std::vector<Results>& results) { return make(results[0].cells); });
}

}  // namespace

Answer get_datasets_table(Context& context, const Request& request) {
  return table_answer(context, request, {sweep_id(request)}, [&](const std::vector<Results>& results) {
    return datasets_table(splits_of(context, results[0].sweep), results[0].cells);
  });
}

Answer get_wer_table(Context& context, const Request& request) {
  return table_of_cells(context, request, wer_table);
}

Answer get_sweet_spot_table(Context& context, const Request& request) {
  return table_answer(context, request, {sweep_id(request)}, [&](const std::vector<Results>& results) {
    const auto& [sweep, cells] = results[0];
    Report table = sweet_spot_table(cells, rule_of(request));
    json absent = json::array();
    for (json& encoder : table.summary["encoders"]) {
      encoder["call"] = call_for_needs(sweep.id, encoder.at("needs"));
      encoder["absent_call"] = call_for_absent(sweep, encoder.at("absent"));
      absent.insert(absent.end(), encoder["absent"].begin(), encoder["absent"].end());
    }
    table.summary["absent_call"] = call_for_absent(sweep, absent);
    return table;
  });
}

Answer get_comparison_table(Context& context, const Request& request) {
  const SweepId other = parse_id<SweepTag>(request.query_text("with")).value_or(SweepId{});
  return table_answer(context, request, {sweep_id(request), other}, compared);
}

Answer get_degradation_table(Context& context, const Request& request) {
  return table_of_cells(context, request, degradation_table);
}

Answer get_reduction_table(Context& context, const Request& request) {
  return table_of_cells(context, request, reduction_table);
}

Answer get_patterns_table(Context& context, const Request& request) {
  return table_answer(context, request, {sweep_id(request)}, [&](const std::vector<Results>& results) {
    return patterns_table(results[0].cells, [&](RunId run, const std::vector<std::int64_t>& numbers) {
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
