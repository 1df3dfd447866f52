// How a verb of the command line ends: an exit code, or a failure that is printed as "error: ..." lines.
#pragma once

#include <iosfwd>
#include <string>

#include "schemas/result.h"

namespace sweetspot::daemon {

// Documented in `sweetspot --help`; scripts rely on them.
enum class ExitCode {
  ok = 0,
  failed = 1,
  usage = 2,
  not_found = 3,
  not_authorised = 4,
  conflict = 5,
  unreachable = 6,       // no daemon answers at the address
  some_runs_failed = 7,  // the sweep is finished, but not every run of it succeeded
};

struct Failure {
  ExitCode code = ExitCode::failed;
  Errors errors;
};

using Outcome = Result<ExitCode, Failure>;

inline Failure fail(ExitCode code, Error error) { return Failure{code, {std::move(error)}}; }

// "error: message", then "  at: /json/pointer" and "  hint: next step" where the error has them.
void print_failure(std::ostream& out, const Failure& failure);

}  // namespace sweetspot::daemon
