// Text files compiled into a program by schemas/embed.cmake.
#pragma once

#include <string_view>

namespace sweetspot {

struct EmbeddedFile {
  std::string_view name;  // relative to the folder that was embedded
  std::string_view bytes;
};

}  // namespace sweetspot
