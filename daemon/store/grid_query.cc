// Reader: every run of a sweep as its picture needs it, from the table of runs alone.
#include "daemon/store/queries.h"

namespace sweetspot::daemon {

Status Reader::each_in_grid(SweepId sweep, const std::function<void(const RunRow&)>& visit) {
  return database_.each(
      R"(SELECT id, position, encoder, language, settings, layers, lora, seed, state, reason_code, reason, hint,
           phase, step, steps, epoch, val_wer, wer, device, attempt, started_at, ended_at
         FROM run WHERE sweep = ? ORDER BY position, id)",
      [&](const Row& row) {
        visit({.id = row.get<RunId>(0),
                        .sweep = sweep,
                        .position = row.get<std::int64_t>(1),
                        .encoder = row.get<std::string>(2),
                        .language = row.get<std::string>(3),
                        .settings = row.get<std::string>(4),
                        .layers = row.get<int>(5),
                        .lora = row.get<bool>(6),
                        .seed = row.get<std::int64_t>(7),
                        .state = parse_run_state(row.get<std::string_view>(8)).value_or(RunState::failed),
                        .reason_code = row.get<std::string>(9),
                        .reason = row.get<std::string>(10),
                        .hint = row.get<std::string>(11),
                        .attempt = row.get<int>(19),
                        .device = row.get<std::string>(18),
                        .phase = row.get<std::string>(12),
                        .step = row.get<std::int64_t>(13),
                        .steps = row.get<std::int64_t>(14),
                        .epoch = row.get<std::int64_t>(15),
                        .val_wer = row.get<std::optional<double>>(16),
                        .wer = row.get<std::optional<double>>(17),
                        .started_at = row.get<std::optional<std::string>>(20),
                        .ended_at = row.get<std::optional<std::string>>(21)});
      },
      sweep);
}

}  // namespace sweetspot::daemon
