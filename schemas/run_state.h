// The life of a run, in one table. The daemon's reactor obeys it, a SQL trigger enforces it, the API, CLI and
// dashboard show its words.
//
//   queued -> leased -> running -> succeeded
//     ^  |      |          |-> failed | quarantined          (by the class of the error)
//     |  |      '----------|-> retry_wait -> queued          (infrastructure: another attempt)
//     |  '-> paused        '-> orphaned -> running           (the daemon restarted: adopted, or retried)
//     '-- retry of failed, quarantined or cancelled; every state but the final ones may be cancelled
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sweetspot {

enum class RunState {
  queued,
  leased,
  running,
  retry_wait,
  paused,
  orphaned,
  succeeded,
  failed,
  quarantined,
  cancelled
};
inline constexpr std::array kRunStates = {
    RunState::queued,   RunState::leased,    RunState::running, RunState::retry_wait,  RunState::paused,
    RunState::orphaned, RunState::succeeded, RunState::failed,  RunState::quarantined, RunState::cancelled};

std::string_view to_string(RunState state);
std::optional<RunState> parse_run_state(std::string_view name);

// Every legal change of state; whatever is not listed is refused in code and by the database.
std::span<const std::pair<RunState, RunState>> run_transitions();
bool may_become(RunState from, RunState to);

bool is_terminal(RunState state);  // succeeded, failed, quarantined, cancelled
bool is_active(RunState state);    // a worker holds it: leased, running, orphaned

// Why a run is where it is. `code` is stable; empty when there is nothing to say.
struct Reason {
  std::string code, text, hint;
  bool operator==(const Reason&) const = default;
};

// How an attempt failed decides what happens next.
enum class ErrorClass {
  infrastructure,  // the process or machine died: retried with back-off, at most 5 attempts
  out_of_memory,   // retried once
  diverged,        // NaN or infinite loss: not retried
  bad_input,       // the cell, model or corpus is at fault: not retried
  protocol,        // the worker broke the protocol: retried once
  internal,        // a fault of ours: not retried
};
std::string_view to_string(ErrorClass error_class);
std::optional<ErrorClass> parse_error_class(std::string_view name);

}  // namespace sweetspot
