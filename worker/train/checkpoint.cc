#include "worker/train/checkpoint.h"

#include <nlohmann/json.hpp>

#include "worker/model/atomic_file.h"

namespace sweetspot::worker {

namespace {
namespace fs = std::filesystem;

// Removes every best-* but one.
void remove_older(const fs::path& directory, const fs::path& keep) {
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path() != keep && entry.path().filename().string().starts_with("best-"))
      fs::remove_all(entry.path());
}

Status write_all(const fs::path& directory, const Cell& cell, const Projector& projector,
                 const std::optional<LoraAdapter>& adapter) {
  const nlohmann::json description = {{"format", 1}, {"cell", to_json(cell)}};
  if (auto done = save_projector(directory / "projector.safetensors", projector); !done) return done;
  if (auto done = write_file(directory / "sweetspot.json", description.dump(2) + "\n"); !done) return done;
  return adapter ? adapter->save(directory / "adapter", cell.llm) : success();
}
}  // namespace

fs::path best_directory(const fs::path& directory, int epoch) {
  return directory / ("best-" + std::to_string(epoch));
}

Status save_best(const fs::path& directory, int epoch, const Cell& cell, const Projector& projector,
                 const std::optional<LoraAdapter>& adapter) {
  const fs::path place = best_directory(directory, epoch), part = directory / "best.part";
  try {
    fs::remove_all(part);
    fs::create_directories(part);
    if (auto done = write_all(part, cell, projector, adapter); !done) return done;
    sync_directory(part);
    fs::remove_all(place);
    fs::rename(part, place);
    sync_directory(directory);
    remove_older(directory, place);
  } catch (const fs::filesystem_error& error) {
    return unwritable(error.path1(), error.code().value());
  }
  return success();
}

Status publish_best(const fs::path& directory, int epoch) {
  const fs::path place = best_directory(directory, epoch);
  try {
    for (const auto& entry : fs::directory_iterator(place)) {
      const fs::path target = directory / entry.path().filename();
      fs::remove_all(target);
      fs::rename(entry.path(), target);
    }
    fs::remove_all(place);
    sync_directory(directory);
  } catch (const fs::filesystem_error& error) {
    return unwritable(error.path1(), error.code().value());
  }
  return success();
}

}  // namespace sweetspot::worker
