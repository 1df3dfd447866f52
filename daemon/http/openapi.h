// schemas/openapi.json, compiled in.
#pragma once

#include <string>
#include <string_view>

namespace sweetspot {
extern const std::string_view kOpenapi;
}

namespace sweetspot::daemon {

// The document as it is served: sweep.schema.json stands in the place of the component SweepFile.
const std::string& served_openapi();

}  // namespace sweetspot::daemon
