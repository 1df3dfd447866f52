#include "daemon/store/event_log.h"

#include <fmt/chrono.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "schemas/json_text.h"

namespace sweetspot::daemon {

std::string utc_now() {
  using namespace std::chrono;
  const auto now = floor<milliseconds>(system_clock::now());
  const auto seconds_part = floor<seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(seconds_part)),
                     (now - seconds_part).count());
}

Status record_event(Database& database, const EventRow& row, const nlohmann::json& data) {
  return database.run("INSERT INTO event (at, type, sweep, run, data) VALUES (?, ?, ?, ?, ?)", utc_now(), row.type,
                      row.sweep, row.run, dump_json(data));
}

Status record_run(Database& database, RunId run) {
  return database.run(R"(
    INSERT INTO event (at, type, sweep, run, data)
    SELECT ?, 'run', sweep, id, json_object(
      'id', 'run_' || id, 'sweep', 'sw_' || sweep, 'position', position, 'state', state,
      'reason_code', reason_code, 'reason', reason, 'hint', hint,
      'encoder', encoder, 'layers', layers, 'language', language, 'lora', json(iif(lora, 'true', 'false')),
      'seed', seed, 'settings', json(settings), 'attempt', attempt, 'device', device,
      'phase', phase, 'step', step, 'steps', steps, 'epoch', epoch, 'wer', wer, 'val_wer', val_wer,
      'started_at', started_at, 'ended_at', ended_at,
      'params', json(coalesce((SELECT json_object('encoder', encoder_params, 'projector', projector_params,
                                                  'adapter', adapter_params, 'llm', llm_params)
                               FROM result WHERE result.run = run.id), 'null')),
      'tags', json(tags), 'imported', json(iif((SELECT source <> '' FROM sweep WHERE sweep.id = run.sweep), 'true', 'false')))
    FROM run WHERE id = ?)",
                      utc_now(), run);
}

Status record_sweep(Database& database, SweepId sweep) {
  return database.run(R"(
    INSERT INTO event (at, type, sweep, data)
    SELECT ?, 'sweep', id, json_object('id', 'sw_' || id, 'name', name, 'note', note, 'tags', json(tags), 'priority', priority,
      'paused', json(iif(paused, 'true', 'false')), 'created_at', created_at, 'revision', revision)
    FROM sweep WHERE id = ?)",
                      utc_now(), sweep);
}

}  // namespace sweetspot::daemon
