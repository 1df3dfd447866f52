// SHA-256 as lower-case hex.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "schemas/result.h"

namespace sweetspot {

std::string sha256_hex(std::string_view bytes);
Result<std::string> sha256_file(const std::filesystem::path& path);

}  // namespace sweetspot
