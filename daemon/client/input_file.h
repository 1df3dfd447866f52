// What a FILE on the command line holds.
#pragma once

#include <optional>
#include <string>

namespace sweetspot::daemon {

// The bytes of a file, or of standard input for "-"; nullopt: it cannot be read.
std::optional<std::string> read_input(const std::string& file);

}  // namespace sweetspot::daemon
