#include "schemas/model_directory.h"

#include <cstdlib>
#include <fstream>

namespace sweetspot {

namespace {
namespace fs = std::filesystem;

fs::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Error missing(const std::string& model, const std::string& what) {
  return {
      "model_missing", "model '" + model + "': " + what,
      "give a directory with config.json and safetensors, or fetch the model into " + hub_cache().string(),
      ""};
}
}  // namespace

fs::path hub_cache() {
  if (const fs::path cache = from_environment("HF_HUB_CACHE"); !cache.empty()) return cache;
  if (const fs::path home = from_environment("HF_HOME"); !home.empty()) return home / "hub";
  if (const fs::path xdg = from_environment("XDG_CACHE_HOME"); !xdg.empty())
    return xdg / "huggingface" / "hub";
  return from_environment("HOME") / ".cache" / "huggingface" / "hub";
}

Result<fs::path> model_directory(const std::string& model) {
  std::error_code ignored;
  if (model.starts_with('/')) {
    if (fs::exists(fs::path(model) / "config.json", ignored)) return fs::path(model);
    return missing(model, "there is no config.json in that directory");
  }
  std::string folder = "models--" + model;
  for (std::size_t at; (at = folder.find('/')) != folder.npos;) folder.replace(at, 1, "--");
  const fs::path root = hub_cache() / folder;
  std::string revision;
  std::getline(std::ifstream(root / "refs" / "main") >> std::ws, revision);
  if (revision.empty())
    return missing(model, "not in the cache (no " + (root / "refs" / "main").string() + ")");
  const fs::path snapshot = root / "snapshots" / revision;
  if (!fs::exists(snapshot / "config.json", ignored))
    return missing(model, "its snapshot " + revision + " holds no config.json");
  return snapshot;
}

}  // namespace sweetspot
