// The daemon takes its own place, as a restart would put another there.
#pragma once

namespace sweetspot::daemon {

// Executes this program again with its arguments; ends it with code 5 where that was done within the last
// minute already, or cannot be done. Its workers are its children still, and are adopted.
[[noreturn]] void begin_anew();

}  // namespace sweetspot::daemon
