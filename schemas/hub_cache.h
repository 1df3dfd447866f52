// The Hugging Face cache of this machine, laid out as huggingface_hub does:
//   models--org--name/refs/<revision>            the commit that a branch or tag stands for
//   models--org--name/snapshots/<commit>/<file>  a relative link into blobs/ (or the file itself)
// Daemon, command line and worker look in the same places.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "schemas/result.h"

namespace sweetspot {

// $HF_HOME, else $XDG_CACHE_HOME/huggingface, else ~/.cache/huggingface.
std::filesystem::path hub_home();
// $HF_HUB_CACHE, else $HUGGINGFACE_HUB_CACHE, else hub_home()/hub.
std::filesystem::path hub_cache();
// Whether $HF_HUB_OFFLINE (or $TRANSFORMERS_OFFLINE) forbids going to the hub.
bool hub_offline();

// A path from the environment, with a leading ~ expanded; empty: not set.
std::filesystem::path path_from_environment(const char* name);

// "org/name" or "org/name@revision": a branch, a tag, "refs/pr/1" or a commit.
struct HubModel {
  std::string id;
  std::string revision = "main";
  bool operator==(const HubModel&) const = default;
};
// Errors: model_name_invalid.
Result<HubModel> parse_hub_model(const std::string& model);

// models--org--name in the cache.
std::filesystem::path hub_folder(const HubModel& model);

// The commit that the cache has for the model's revision; nullopt: it was never fetched.
std::optional<std::string> cached_commit(const HubModel& model);

}  // namespace sweetspot
