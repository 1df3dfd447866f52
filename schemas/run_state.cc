#include "schemas/run_state.h"

#include <algorithm>

namespace sweetspot {

namespace {
using enum RunState;
constexpr std::pair<RunState, RunState> kTransitions[] = {
    {queued, leased},      {queued, paused},       {queued, cancelled},     {leased, running},
    {leased, queued},      {leased, retry_wait},   {leased, orphaned},      {leased, failed},
    {leased, quarantined}, {leased, cancelled},    {running, succeeded},    {running, queued},
    {running, retry_wait}, {running, orphaned},    {running, failed},       {running, quarantined},
    {running, cancelled},  {retry_wait, queued},   {retry_wait, paused},    {retry_wait, cancelled},
    {paused, queued},      {paused, cancelled},    {orphaned, leased},      {orphaned, running},
    {orphaned, queued},    {orphaned, retry_wait}, {orphaned, quarantined}, {orphaned, cancelled},
    {failed, queued},      {quarantined, queued},  {cancelled, queued}};

constexpr std::string_view kStateNames[] = {"queued",   "leased",    "running", "retry_wait",  "paused",
                                            "orphaned", "succeeded", "failed",  "quarantined", "cancelled"};
constexpr std::string_view kErrorClassNames[] = {"infrastructure", "out_of_memory", "diverged",
                                                 "bad_input",      "protocol",      "internal"};

template <class Enum, std::size_t N>
std::optional<Enum> parse_name(const std::string_view (&names)[N], std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == std::end(names)) return std::nullopt;
  return static_cast<Enum>(found - std::begin(names));
}
}  // namespace

std::string_view to_string(RunState state) { return kStateNames[static_cast<std::size_t>(state)]; }
std::optional<RunState> parse_run_state(std::string_view name) {
  return parse_name<RunState>(kStateNames, name);
}

std::span<const std::pair<RunState, RunState>> run_transitions() { return kTransitions; }
bool may_become(RunState from, RunState to) {
  return std::ranges::find(kTransitions, std::pair(from, to)) != std::end(kTransitions);
}

bool is_terminal(RunState s) { return s == succeeded || s == failed || s == quarantined || s == cancelled; }
bool is_active(RunState s) { return s == leased || s == running || s == orphaned; }

std::string_view to_string(ErrorClass c) { return kErrorClassNames[static_cast<std::size_t>(c)]; }
std::optional<ErrorClass> parse_error_class(std::string_view name) {
  return parse_name<ErrorClass>(kErrorClassNames, name);
}

}  // namespace sweetspot
