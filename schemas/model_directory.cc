#include "schemas/model_directory.h"

#include <set>

#include "schemas/model_config.h"

namespace sweetspot {

namespace {
namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Error missing(const std::string& model, const std::string& what, const std::string& next_step) {
  return {"model_missing", "model '" + model + "': " + what, next_step, ""};
}

// A file of pickled weights in the directory; empty: there is none.
fs::path pickle_in(const fs::path& directory) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const auto extension = entry.path().extension();
    if (extension == ".pt" || extension == ".pth" || extension == ".bin") return entry.path();
  }
  return {};
}

Result<fs::path> directory_of_path(const fs::path& path) {
  const std::string next_step =
      "give a directory with config.json and safetensors, or an id that lies in " + hub_cache().string();
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) {
    const auto extension = path.extension();
    if (extension == ".pt" || extension == ".pth" || extension == ".bin") return pickled_weights(path);
    return missing(path.string(), "is a file, not a directory", next_step);
  }
  if (is_there(path / "config.json")) return path;
  if (!is_there(path))
    return missing(path.string(), "there is no such directory (no config.json)", next_step);
  if (const fs::path pickle = pickle_in(path); !pickle.empty()) return pickled_weights(pickle);
  return missing(path.string(), "there is no config.json in that directory", next_step);
}

// The commits that lie in the cache without a name.
std::string nameless(const HubModel& model) {
  std::string commits;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(hub_folder(model) / "snapshots", ignored))
    commits += (commits.empty() ? "" : ", ") + entry.path().filename().string();
  return commits.empty() ? "" : "; it has the commits " + commits + ", to be named as MODEL@COMMIT";
}

Result<fs::path> directory_of_id(const std::string& model) {
  const auto parsed = parse_hub_model(model);
  if (!parsed) return parsed.error();
  const std::string next_step = "run `sweetspot fetch " + model + "`, which puts it into " +
                                hub_cache().string() + ", or give a directory";
  const fs::path folder = hub_folder(*parsed);
  const auto commit = cached_commit(*parsed);
  if (!commit) {
    const fs::path ref = folder / "refs" / parsed->revision;
    return missing(model, "not in the cache (no " + ref.string() + nameless(*parsed) + ")", next_step);
  }
  const fs::path snapshot = folder / "snapshots" / *commit;
  if (is_there(snapshot / "config.json")) return snapshot;
  return missing(model, "its snapshot " + *commit + " holds no config.json", next_step);
}

Result<std::vector<fs::path>> shards_of(const fs::path& index) {
  const auto refused = [&](const std::string& why) {
    return Error{"weights_mismatch", index.string() + ": " + why, "fetch the model again", ""};
  };
  const auto document = read_json_file(index);
  if (!document) return document.error();
  const auto map = document->find("weight_map");
  if (map == document->end() || !map->is_object() || map->empty()) return refused("it has no weight_map");
  std::set<fs::path> shards;
  for (const auto& [tensor, shard] : map->items()) {
    const fs::path file = shard.is_string() ? shard.get<std::string>() : "";
    if (file.empty() || file != file.filename() || file.extension() != ".safetensors")
      return refused("the shard of '" + tensor + "' is " + shard.dump() +
                     ", not the name of a safetensors file");
    shards.insert(index.parent_path() / file);
  }
  return std::vector<fs::path>(shards.begin(), shards.end());
}
}  // namespace

Error pickled_weights(const fs::path& file) {
  const bool openai = file.extension() == ".pt";
  return {"weights_unsupported", file.string() + ": pickled weights can run code and are not read",
          openai ? "fetch the same model as safetensors (sweetspot fetch openai/whisper-" +
                       file.stem().string() +
                       "), or convert it once with transformers' convert_openai_to_hf.py and "
                       "save_pretrained(DIR, safe_serialization=True)"
                 : "convert once with transformers: load the model and save_pretrained(DIR, "
                   "safe_serialization=True)",
          ""};
}

Result<fs::path> model_directory(const std::string& model) {
  return model.starts_with('/') ? directory_of_path(model) : directory_of_id(model);
}

Result<std::vector<fs::path>> weight_files(const fs::path& directory) {
  const fs::path whole = directory / "model.safetensors", index = directory / "model.safetensors.index.json";
  if (is_there(whole)) return std::vector{whole};
  if (!is_there(index)) {
    if (const fs::path pickle = pickle_in(directory); !pickle.empty()) return pickled_weights(pickle);
    return Error{
        "weights_missing", directory.string() + ": no model.safetensors",
        "give a directory with model.safetensors or model.safetensors.index.json, or fetch it again: "
        "sweetspot fetch MODEL",
        ""};
  }
  auto shards = shards_of(index);
  if (!shards) return shards;
  std::string absent;
  for (const fs::path& shard : *shards)
    if (!is_there(shard)) absent += (absent.empty() ? "" : ", ") + shard.filename().string();
  if (absent.empty()) return shards;
  return Error{"weights_missing", directory.string() + ": these shards are missing: " + absent,
               "fetch the model again (sweetspot fetch MODEL takes up where it stopped)", ""};
}

}  // namespace sweetspot
