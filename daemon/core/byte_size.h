// Sizes as people write them.
#pragma once

#include <cstdint>
#include <string_view>

#include "schemas/result.h"

namespace sweetspot::daemon {

// "20GiB", "500 MB", "1.5TB", "0", "4096": bytes. Units are powers of 1000, or of 1024 with an i; letters of
// either case. Errors: bad_size.
Result<std::int64_t> parse_bytes(std::string_view text);

}  // namespace sweetspot::daemon
