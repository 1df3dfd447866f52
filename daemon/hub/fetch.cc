#include "daemon/hub/fetch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "daemon/hub/blob.h"
#include "schemas/hub_cache.h"
#include "schemas/json_text.h"
#include "schemas/model_directory.h"

namespace sweetspot::daemon {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::array kReadFiles = {"config.json",
                                   "generation_config.json",
                                   "preprocessor_config.json",
                                   "tokenizer.json",
                                   "tokenizer_config.json",
                                   "special_tokens_map.json",
                                   "added_tokens.json",
                                   "vocab.json",
                                   "merges.txt"};
constexpr const char* kWhole = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

// What the hub lists of a revision.
struct Listing {
  std::string commit;
  std::vector<std::string> files;
};

Result<Listing, HubFailure> read_listing(const HubReply& reply, const HubModel& model) {
  const auto document = parse_json(reply.body);
  try {
    if (!document) throw std::runtime_error(document.error().message);
    Listing listing{.commit = document->at("sha").get<std::string>()};
    for (const json& file : document->at("siblings")) listing.files.push_back(file.at("rfilename"));
    const bool plain =
        !listing.commit.empty() && listing.commit.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!plain) throw std::runtime_error(fmt::format("its commit is '{}'", listing.commit));
    return listing;
  } catch (const std::exception& error) {
    return HubFailure{{"hub_failing",
                       fmt::format("the hub's list of {} makes no sense: {}", model.id, error.what()),
                       "check HF_ENDPOINT", ""}};
  }
}

// The value of a request that is repeated until it succeeds.
template <class T, class Ask>
Result<T> ask(HubClient& hub, Ask request) {
  std::optional<T> value;
  const Status asked = with_retries(
      hub.options(),
      [&]() -> Result<std::monostate, HubFailure> {
        Result<T, HubFailure> answer = request();
        if (!answer) return answer.error();
        value = *std::move(answer);
        return std::monostate{};
      },
      [] { return std::uint64_t(0); });
  if (!asked) return asked.error();
  return *std::move(value);
}

Result<Listing> list_model(HubClient& hub, const HubModel& model) {
  return ask<Listing>(hub, [&]() -> Result<Listing, HubFailure> {
    const auto reply =
        hub.get(fmt::format("/api/models/{}/revision/{}", model.id, percent_encode(model.revision)));
    if (!reply) return reply.error();
    return read_listing(*reply, model);
  });
}

// A relative link where the file system has links, else the file itself.
Status put_into_snapshot(const fs::path& blob, const fs::path& file) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (fs::is_symlink(fs::symlink_status(file, error))) fs::remove(file, error);  // it led nowhere
  fs::create_symlink(fs::path("../../blobs") / blob.filename(), file, error);
  if (!error) return success();
  fs::rename(blob, file, error);
  if (!error) return success();
  return Error{"cache_unwritable", fmt::format("cannot make {}: {}", file.string(), error.message()),
               "check its permissions, or name another cache in HF_HUB_CACHE", ""};
}

Status write_reference(const fs::path& folder, const HubModel& model, const std::string& commit) {
  if (model.revision == commit) return success();
  const fs::path reference = folder / "refs" / model.revision, fresh = reference.string() + ".new";
  std::error_code error;
  fs::create_directories(reference.parent_path(), error);
  std::ofstream(fresh) << commit << std::flush;
  fs::rename(fresh, reference, error);
  if (!error) return success();
  return Error{"cache_unwritable", fmt::format("cannot write {}: {}", reference.string(), error.message()),
               "check its permissions, or name another cache in HF_HUB_CACHE", ""};
}

// One model being fetched.
class Fetch {
 public:
  Fetch(HubClient& hub, HubModel model, std::string commit,
        const std::function<void(const FetchProgress&)>& progress)
      : hub_(hub), model_(std::move(model)), progress_(progress) {
    fetched_.commit = std::move(commit);
    fetched_.directory = hub_folder(model_) / "snapshots" / fetched_.commit;
  }

  Status file(const std::string& name) {
    const fs::path place = fetched_.directory / name;
    std::error_code absent;
    if (!fs::exists(place, absent)) {
      if (const Status got = download(name, place); !got) return got;
      fetched_.fetched += fs::file_size(place, absent);
    }
    fetched_.bytes += fs::file_size(place, absent);
    fetched_.files.push_back(name);
    return success();
  }

  FetchedModel finish(std::string model) && {
    fetched_.model = std::move(model);
    return std::move(fetched_);
  }
  const fs::path& directory() const { return fetched_.directory; }

 private:
  Status download(const std::string& name, const fs::path& place) {
    const std::string path = fmt::format("/{}/resolve/{}/{}", model_.id, fetched_.commit, name);
    const auto facts = ask<FileFacts>(hub_, [&] { return file_facts(hub_, path); });
    if (!facts) return facts.error();
    if (!facts->commit.empty() && facts->commit != fetched_.commit)
      return Error{"hub_failing", fmt::format("{}: the hub answers with commit {}", path, facts->commit),
                   "check HF_ENDPOINT", ""};
    const Blob blob = {.path = path, .folder = hub_folder(model_), .facts = *facts};
    const auto show = [&](std::uint64_t done, std::uint64_t size) { progress_({name, done, size}); };
    if (const Status got = fetch_blob(hub_, blob, show); !got) return got;
    return put_into_snapshot(blob.folder / "blobs" / facts->etag, place);
  }

  HubClient& hub_;
  HubModel model_;
  const std::function<void(const FetchProgress&)>& progress_;
  FetchedModel fetched_;
};

// The shards that the index names, once it is here.
Result<std::vector<std::string>> shards_of(const fs::path& index, const std::vector<std::string>& all) {
  std::ifstream stream(index, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto document = parse_json(text);
  const json map = document && document->is_object() ? document->value("weight_map", json::object()) : json();
  std::vector<std::string> shards;
  for (const auto& [tensor, shard] : map.items())
    if (shard.is_string()) shards.push_back(shard);
  std::ranges::sort(shards);
  shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
  const bool listed = std::ranges::all_of(shards, [&](const std::string& shard) {
    return fs::path(shard).filename() == shard && shard.ends_with(".safetensors") &&
           std::ranges::count(all, shard);
  });
  if (!shards.empty() && listed) return shards;
  return Error{"weights_mismatch", index.string() + ": the shards it names are not those of the model",
               "remove it and fetch again", ""};
}

// What is in the cache already, for when the hub may not be asked.
Result<FetchedModel> cached_model(const std::string& model) {
  const auto directory = model_directory(model);
  const auto weights = directory ? weight_files(*directory) : directory.error();
  if (weights)
    return FetchedModel{.model = model, .commit = directory->filename().string(), .directory = *directory};
  return Error{
      "hub_offline",
      fmt::format("HF_HUB_OFFLINE is set, and {} is not complete: {}", model, weights.error().message),
      "unset HF_HUB_OFFLINE (and TRANSFORMERS_OFFLINE) to fetch it", ""};
}

}  // namespace

Result<std::vector<std::string>> wanted_files(const std::string& model, const std::vector<std::string>& all) {
  const auto has = [&](const char* name) { return std::ranges::count(all, name) > 0; };
  std::vector<std::string> wanted;
  for (const char* name : kReadFiles)
    if (has(name)) wanted.emplace_back(name);
  if (!has("config.json"))
    return Error{"model_unsupported", fmt::format("{} has no config.json", model),
                 "fetch a model of transformers", ""};
  if (has(kWhole) || has(kIndex)) return wanted.emplace_back(has(kWhole) ? kWhole : kIndex), wanted;
  return Error{
      "weights_unsupported",
      fmt::format("{} has no safetensors; pickled weights can run code and are not fetched", model),
      fmt::format("look for a revision with them ({}@refs/pr/N), or convert a copy with transformers' "
                  "save_pretrained(DIR, safe_serialization=True)",
                  model),
      ""};
}

Result<FetchedModel> fetch_model(HubClient& hub, const std::string& model,
                                 const std::function<void(const FetchProgress&)>& progress) {
  const auto parsed = parse_hub_model(model);
  if (!parsed) return parsed.error();
  if (hub_offline()) return cached_model(model);
  const auto listing = list_model(hub, *parsed);
  if (!listing) return listing.error();
  auto wanted = wanted_files(model, listing->files);
  if (!wanted) return wanted.error();

  Fetch fetch(hub, *parsed, listing->commit, progress);
  for (const std::string& name : *wanted)
    if (const Status got = fetch.file(name); !got) return got.error();
  if (wanted->back() == kIndex) {
    const auto shards = shards_of(fetch.directory() / kIndex, listing->files);
    if (!shards) return shards.error();
    for (const std::string& shard : *shards)
      if (const Status got = fetch.file(shard); !got) return got.error();
  }
  if (const Status named = write_reference(hub_folder(*parsed), *parsed, listing->commit); !named)
    return named.error();
  return std::move(fetch).finish(model);
}

}  // namespace sweetspot::daemon
