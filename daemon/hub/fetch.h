// A model from a hub into the Hugging Face cache, laid out as huggingface_hub does, so that each finds what
// the other fetched. Only what Sweetspot reads is fetched: config, tokenizer and safetensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "daemon/hub/hub_client.h"

namespace sweetspot::daemon {

struct FetchProgress {
  std::string file;
  std::uint64_t done = 0, size = 0;  // bytes; size 0: not known
};

struct FetchedModel {
  std::string model, commit;
  std::filesystem::path directory;  // the snapshot
  std::vector<std::string> files;
  std::uint64_t bytes = 0;    // of all files
  std::uint64_t fetched = 0;  // of those that were not there
};

// The files of a repository that Sweetspot reads, weights apart, and what its weights lie in:
// model.safetensors or model.safetensors.index.json. Pure. Errors: model_unsupported (no config.json),
// weights_unsupported (no safetensors).
Result<std::vector<std::string>> wanted_files(const std::string& model, const std::vector<std::string>& all);

// "org/name" or "org/name@revision". The revision's reference is written last, so that a model that is only
// half here is never found. Offline, a model that is here is enough. Errors: those of parse_hub_model,
// HubClient, wanted_files and fetch_blob; hub_offline.
Result<FetchedModel> fetch_model(HubClient& hub, const std::string& model,
                                 const std::function<void(const FetchProgress&)>& progress);

}  // namespace sweetspot::daemon
