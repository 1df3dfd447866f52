// SweepSpec -> cells: the grid, expanded in a stable order, with what was left out and why. Pure.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/workload.h"
#include "schemas/cell.h"
#include "schemas/result.h"
#include "schemas/sweep.h"

namespace sweetspot::daemon {

inline constexpr std::size_t kMaxCells = 100'000;

// What must be known of an encoder to expand its depths and count its parameters.
struct EncoderShape {
  int layers = 0, width = 0, mels = 80, positions = 1500, ffn = 0;
};
// Parameters of the encoder cut to `kept` layers: convolutions, positions, blocks, final norm.
std::int64_t encoder_parameters(const EncoderShape& shape, int kept);

using ShapeOf = std::function<std::optional<EncoderShape>(const std::string& encoder)>;

// Points that differ in their seed and on further axes alone share a base, so that 100,000 of them are small.
struct GridCell {
  std::shared_ptr<const Cell> base;  // never null; its seed says nothing
  std::shared_ptr<const nlohmann::json> settings;  // never null; values of further axes: {"train.lr": 0.001}
  std::int64_t seed = 0;
  std::string hash;  // cell_hash(cell())
  WorkloadPtr workload = kNoWorkload;

  Cell cell() const { return with_settings(*base, seed, *settings); }
};
// The point of a grid that has no other.
GridCell lone_point(const Cell& cell, WorkloadPtr workload = kNoWorkload);

struct ExcludedCell {
  nlohmann::json point;  // {"encoder": ..., "layers": ..., ...}
  std::size_t rule = 0;  // index into spec.exclude
};

struct Grid {
  std::vector<GridCell> cells;  // order: encoder, layers, language, lora, seed, further axes by name
  std::vector<ExcludedCell> excluded;
  Errors errors;  // impossible depths, unknown encoders, too many cells; cells are then incomplete
};

Grid expand(const SweepSpec& spec, const ShapeOf& shape_of);

}  // namespace sweetspot::daemon
