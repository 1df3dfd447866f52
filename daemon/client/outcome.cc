#include "daemon/client/outcome.h"

#include <ostream>

namespace sweetspot::daemon {

void print_failure(std::ostream& out, const Failure& failure) {
  for (const Error& error : failure.errors) {
    out << "error: " << error.message << '\n';
    if (!error.pointer.empty()) out << "  at: " << error.pointer << '\n';
    if (!error.hint.empty()) out << "  hint: " << error.hint << '\n';
  }
}

}  // namespace sweetspot::daemon
