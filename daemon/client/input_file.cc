#include "daemon/client/input_file.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace sweetspot::daemon {

std::optional<std::string> read_input(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return std::nullopt;  // reading one throws
  std::ifstream stream(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream.is_open() || stream.bad()) return std::nullopt;
  return text;
}

}  // namespace sweetspot::daemon
