// schemas/openapi.json, compiled in.
#pragma once

#include <string_view>

namespace sweetspot {
extern const std::string_view kOpenapi;
}
