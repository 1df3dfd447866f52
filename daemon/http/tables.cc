#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"
#include "daemon/report/format.h"
#include "daemon/report/sweet_spot.h"
#include "daemon/report/wer_table.h"

namespace sweetspot::daemon {
namespace {

constexpr int kWholeSweep = 1'000'000;

Result<std::vector<CellResult>, Problem> cells_of(Context& context, SweepId id) {
  auto sweep = find_sweep(context, id);
  if (!sweep) return sweep.error();
  auto page = context.reader.runs({.filter = {.sweep = id}, .limit = kWholeSweep});
  if (!page) return problem_of(page.error());
  std::vector<CellResult> cells;
  for (RunRow& run : page->items)
    cells.push_back({.run = run.id,
                     .encoder = std::move(run.encoder),
                     .language = std::move(run.language),
                     .layers = run.layers,
                     .lora = run.lora,
                     .seed = run.seed,
                     .settings = nlohmann::json::parse(run.settings),
                     .state = run.state,
                     .words = run.words,
                     .params = run.params});
  return cells;
}

Answer table_answer(Context& context, const Request& request, Report (*make)(std::span<const CellResult>)) {
  auto cells = cells_of(context, sweep_id(request));
  if (!cells) return cells.error();
  const Report table = make(*cells);
  const std::string format = request.query_text("format", "json");
  if (format == "csv") return Response{.content_type = "text/csv; charset=utf-8", .body = csv(table)};
  if (format == "md")
    return Response{.content_type = "text/markdown; charset=utf-8", .body = markdown(table)};
  if (format == "latex")
    return Response{.content_type = "application/x-latex; charset=utf-8", .body = latex(table)};
  return json_response(to_json(table));
}

}  // namespace

Answer get_wer_table(Context& context, const Request& request) {
  return table_answer(context, request, wer_table);
}
Answer get_sweet_spot_table(Context& context, const Request& request) {
  return table_answer(context, request, sweet_spot_table);
}

}  // namespace sweetspot::daemon
