// What a cell has learnt, on disk: projector.safetensors, sweetspot.json, and adapter/ as PEFT saves it.
#pragma once

#include <filesystem>
#include <optional>

#include "schemas/cell.h"
#include "worker/model/lora.h"
#include "worker/model/projector.h"

namespace sweetspot::worker {

// A directory that appears complete or not at all: best-<epoch>/ is written under another name, fsynced and
// renamed, then the one before it is removed. Errors of both functions: file_unwritable, disk_full; they can
// be called again.
Status save_best(const std::filesystem::path& directory, int epoch, const Cell& cell,
                 const Projector& projector, const std::optional<LoraAdapter>& adapter);

// Where save_best puts that of an epoch.
std::filesystem::path best_directory(const std::filesystem::path& directory, int epoch);

// Moves a checkpoint's files up into `directory`, where they are a run's result.
Status publish_best(const std::filesystem::path& directory, int epoch);

}  // namespace sweetspot::worker
