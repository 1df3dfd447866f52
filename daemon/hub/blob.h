// One file of a model on its way into the cache: resumed where it stopped, checked, and put into place whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "daemon/hub/hub_client.h"

namespace sweetspot::daemon {

// What the hub says of a file.
struct FileFacts {
  std::string etag;  // names the blob; 64 hex digits are the SHA-256 of its bytes
  std::optional<std::uint64_t> size;
  std::string commit;  // empty: not said
};

// Asked with HEAD. Errors: HubClient's, and hub_failing for an answer without a usable entity tag.
Result<FileFacts, HubFailure> file_facts(HubClient& hub, const std::string& path);

// Bytes that are here, and all there will be (0: not known).
using Progress = std::function<void(std::uint64_t done, std::uint64_t size)>;

struct Blob {
  std::string path;              // at the hub: /org/name/resolve/<commit>/<file>
  std::filesystem::path folder;  // of the model in the cache
  FileFacts facts;
};

// Makes <folder>/blobs/<etag>, unless it is there. While it grows it is <etag>.incomplete, which a later call
// takes up with a Range request. Another process that fetches the same blob is waited for. Errors: the hub's;
// download_cut, download_size and download_corrupt; disk_full and cache_unwritable.
Status fetch_blob(HubClient& hub, const Blob& blob, const Progress& progress);

// Calls `attempt` until it succeeds, fails for good, or has failed options.tries times in a row without
// `progress()` having grown. Waits longer each time.
Status with_retries(const HubOptions& options,
                    const std::function<Result<std::monostate, HubFailure>()>& attempt,
                    const std::function<std::uint64_t()>& progress);

}  // namespace sweetspot::daemon
