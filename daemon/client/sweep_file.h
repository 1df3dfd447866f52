// The sweep file on its way to the daemon: read with `//` comments, paths made absolute, settings given on
// the command line put in.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "schemas/result.h"

namespace sweetspot::daemon {

struct SweepSource {
  std::string file;                    // a path, or "-" for standard input
  std::vector<std::string> overrides;  // "NAME=VALUE", applied in order
};

// Paths in the file are relative to its directory, paths in overrides to the working directory.
Result<nlohmann::json> load_sweep(const SweepSource& source);

// Models (axes.encoder, excluded encoders, llm) and corpora that start with ./ or ../, or exist under
// `directory`, become absolute. Everything else (hub ids, absolute paths) stays as it is.
void make_paths_absolute(nlohmann::json& sweep, const std::filesystem::path& directory);

// "corpora.en.path=DIR" sets one field; its value is JSON, or else text. The axes need no prefix and take
// lists: "encoder=DIR,DIR", "layers=6,4,2", "lora=false,true". Relative paths are relative to `directory`.
Status apply_override(nlohmann::json& sweep, const std::string& override_text,
                      const std::filesystem::path& directory);

}  // namespace sweetspot::daemon
