// A sweep's runs as its picture needs them: a row of values a run, with the names of the columns said once.
// Of 10,000 runs it is a seventh of what the list of runs says, in one answer.
#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"
#include "schemas/json_text.h"
#include "schemas/or_null.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

json columns() {
  return {"id",       "position", "state",   "encoder",     "layers",     "language", "lora",    "seed",
          "settings", "wer",      "val_wer", "reason_code", "reason",     "hint",     "phase",   "step",
          "steps",    "epoch",    "device",  "attempt",     "started_at", "ended_at", "imported"};
}

json values(const RunRow& run, bool imported) {
  return json::array({to_string(run.id),
                      run.position,
                      to_string(run.state),
                      run.encoder,
                      run.layers,
                      run.language,
                      run.lora,
                      run.seed,
                      json::parse(run.settings),
                      or_null(run.wer),
                      or_null(run.val_wer),
                      run.reason_code,
                      run.reason,
                      run.hint,
                      run.phase,
                      run.step,
                      run.steps,
                      run.epoch,
                      run.device,
                      run.attempt,
                      or_null(run.started_at),
                      or_null(run.ended_at),
                      imported});
}

}  // namespace

Answer get_sweep_grid(Context& context, const Request& request) {
  const SweepId id = sweep_id(request);
  auto sweep = find_sweep(context, id);
  if (!sweep) return sweep.error();
  // Row by row into the text: as one document, 100,000 of them would take ten times the memory.
  std::string rows;
  const Status read = context.reader.each_in_grid(id, [&](const RunRow& run) {
    rows += (rows.empty() ? "" : ",") + dump_json(values(run, !sweep->source.empty()));
  });
  if (!read) return problem_of(read.error());
  Response response = json_response({{"sweep", to_string(id)}, {"columns", columns()}, {"rows", json::array()}});
  response.body.insert(response.body.rfind("[]") + 1, rows);
  return response;
}

}  // namespace sweetspot::daemon
