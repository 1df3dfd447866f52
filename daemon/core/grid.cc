#include "daemon/core/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "schemas/sha256.h"

namespace sweetspot::daemon {

namespace {
using json = nlohmann::json;

// Depths of one encoder, from the top down as the axis lists them. Depths that the encoder does not have are
// kept out and reported unless every cell with them is excluded by a rule on encoder and layers.
struct Depths {
  std::vector<int> kept;
  Errors errors;
};

bool is_excluded_everywhere(const SweepSpec& spec, const std::string& encoder, int layers) {
  return std::ranges::any_of(spec.exclude, [&](const Exclusion& rule) {
    return std::ranges::all_of(rule, [&](const auto& entry) {
      const auto lists = [&](const json& value) {
        return std::ranges::find(entry.second, value) != entry.second.end();
      };
      return (entry.first == "encoder" && lists(encoder)) || (entry.first == "layers" && lists(layers));
    });
  });
}

Depths depths_of(const SweepSpec& spec, std::size_t encoder_index, const EncoderShape& shape) {
  Depths depths;
  const std::string& encoder = spec.encoders[encoder_index];
  const auto add = [&](int layers, const std::string& at) {
    if (layers <= shape.layers) return depths.kept.push_back(layers);
    if (is_excluded_everywhere(spec, encoder, layers)) return;
    depths.errors.push_back(
        {"impossible_depth",
         fmt::format("{} has {} layers, not {}", model_label(encoder), shape.layers, layers),
         fmt::format("use at most {}, \"full\", or exclude it for this encoder", shape.layers), at});
  };
  if (const auto* range = std::get_if<DepthRange>(&spec.layers)) {
    const int from = range->from.value_or(shape.layers);
    if (from > shape.layers) add(from, "/axes/layers/from");
    for (int layers = std::min(from, shape.layers); layers >= range->to; layers -= range->step)
      add(layers, "/axes/layers");
    if (depths.kept.empty() && depths.errors.empty()) {
      depths.errors.push_back(
          {"impossible_depth",
           fmt::format("{} has {} layers, fewer than {}", model_label(encoder), shape.layers, range->to),
           "lower layers.to", "/axes/layers/to"});
    }
    return depths;
  }
  const auto& list = std::get<std::vector<Depth>>(spec.layers);
  for (std::size_t i = 0; i < list.size(); ++i)
    add(list[i].value_or(shape.layers), fmt::format("/axes/layers/{}", i));
  return depths;
}

Cell shared_cell(const SweepSpec& spec) {
  return {.recipe = spec.recipe,
          .llm = spec.llm,
          .projector = spec.projector,
          .train = spec.train,
          .eval = spec.eval};
}

std::optional<LoraSpec> lora_of(const SweepSpec& spec, const std::string& language, bool with_lora) {
  if (!with_lora) return std::nullopt;
  const auto found = spec.lora_by_language.find(language);
  return found == spec.lora_by_language.end() ? spec.lora_default : found->second;
}

// Axes over LoRA's settings make equal cells where LoRA is off: one of them stays, without those settings.
json without_lora(json settings) {
  std::erase_if(settings.get_ref<json::object_t&>(), [](const auto& s) { return s.first.starts_with("lora."); });
  return settings;
}

// A combination of values on the further axes. Its writer has its parts of a cell's text from one seed to the
// next.
struct Combination {
  std::shared_ptr<const json> settings, without_lora;
  std::size_t writer = 0;
};
// So many writers are kept: with more combinations than these there are fewer seeds to gain from them.
constexpr std::size_t kWriters = 256;

// Every combination of the further axes, the last one fastest: [{"train.lr": 1e-4}, {"train.lr": 3e-4}].
std::vector<json> combinations(const std::vector<SettingAxis>& axes) {
  std::vector<json> points = {json::object()};
  for (const SettingAxis& axis : axes) {
    std::vector<json> longer;
    for (const json& point : points) {
      for (const json& value : axis.values) (longer.emplace_back(point))[axis.name] = value;
    }
    points = std::move(longer);
  }
  return points;
}

bool matches(const Exclusion& rule, const json& point) {
  return std::ranges::all_of(rule, [&](const auto& entry) {
    return point.contains(entry.first) &&
           std::ranges::find(entry.second, point[entry.first]) != entry.second.end();
  });
}

class Expansion {
 public:
  Expansion(const SweepSpec& spec, const ShapeOf& shape_of) : spec_(spec), shape_of_(shape_of) {}

  Grid run() && {
    std::vector<std::vector<int>> depths;
    std::size_t total = 0;
    for (std::size_t i = 0; i < spec_.encoders.size(); ++i)
      total += depths.emplace_back(depths_of_encoder(i)).size();
    if (too_many(total)) return std::move(grid_);
    for (json& settings : combinations(spec_.settings)) {
      auto plain = std::make_shared<const json>(without_lora(settings));
      combinations_.push_back({std::make_shared<const json>(std::move(settings)), std::move(plain),
                               combinations_.size() % kWriters});
    }
    writers_.resize(std::min(combinations_.size(), kWriters));
    for (std::size_t i = 0; i < spec_.encoders.size(); ++i) add_encoder(spec_.encoders[i], depths[i]);
    return std::move(grid_);
  }

 private:
  std::vector<int> depths_of_encoder(std::size_t index) {
    const std::string& encoder = spec_.encoders[index];
    const auto shape = shape_of_(encoder);
    if (!shape) {
      grid_.errors.push_back({"unknown_encoder", "how many layers '" + encoder + "' has is not known here",
                              "give a directory with config.json, or the id of a published Whisper",
                              fmt::format("/axes/encoder/{}", index)});
      return {};
    }
    Depths depths = depths_of(spec_, index, *shape);
    grid_.errors.insert(grid_.errors.end(), depths.errors.begin(), depths.errors.end());
    return std::move(depths.kept);
  }

  // Sized before anything is made, in floating point so that no product overflows.
  bool too_many(std::size_t depths) {
    double product = double(depths) * double(spec_.languages.size()) * double(spec_.lora.size()) *
                     double(spec_.seeds.size());
    for (const SettingAxis& axis : spec_.settings) product *= double(axis.values.size());
    if (product <= double(kMaxCells)) {
      grid_.cells.reserve(std::size_t(product));
      return false;
    }
    grid_.errors.push_back({"too_many_cells", fmt::format("the grid has more than {} cells", kMaxCells),
                            "split it into several sweeps", "/axes"});
    return true;
  }

  void add_encoder(const std::string& encoder, const std::vector<int>& depths) {
    Cell cell = shared_cell(spec_);
    cell.encoder = encoder;
    for (int layers : depths) {
      for (const std::string& language : spec_.languages) {
        cell.layers = layers, cell.language = language;
        const auto corpus = spec_.corpora.find(language);
        cell.corpus = corpus == spec_.corpora.end() ? CorpusSpec{} : corpus->second;
        const std::string affinity = affinity_of(cell);  // no further axis is over what it is made of
        for (bool lora : spec_.lora) {
          cell.lora = lora_of(spec_, language, lora);
          const auto base = std::make_shared<const Cell>(cell);
          for (std::int64_t seed : spec_.seeds)
            for (const Combination& point : combinations_) add_point(base, seed, point, affinity);
        }
      }
    }
  }

  void add_point(const std::shared_ptr<const Cell>& base, std::int64_t seed, const Combination& point,
                 const std::string& affinity) {
    const auto& settings = base->lora ? point.settings : point.without_lora;
    if (is_excluded(*base, seed, *point.settings)) return;
    const Cell cell = with_settings(*base, seed, *settings);
    std::string hash = sha256_hex(writers_[point.writer].text(cell));
    if (!seen_.insert(hash).second) return;
    grid_.cells.push_back(
        {base, settings, seed, std::move(hash), workloads_.of(workload_of(cell, affinity))});
  }

  bool is_excluded(const Cell& cell, std::int64_t seed, const json& settings) {
    if (spec_.exclude.empty()) return false;
    json point = {{"encoder", cell.encoder},
                  {"layers", cell.layers},
                  {"language", cell.language},
                  {"lora", cell.lora.has_value()},
                  {"seed", seed}};
    point.update(settings);
    const auto rule =
        std::ranges::find_if(spec_.exclude, [&](const Exclusion& r) { return matches(r, point); });
    if (rule == spec_.exclude.end()) return false;
    grid_.excluded.push_back({std::move(point), std::size_t(rule - spec_.exclude.begin())});
    return true;
  }

  const SweepSpec& spec_;
  const ShapeOf& shape_of_;
  std::vector<Combination> combinations_;
  std::unordered_set<std::string> seen_;
  std::vector<CellWriter> writers_;
  Workloads workloads_;
  Grid grid_;
};
}  // namespace

std::int64_t encoder_parameters(const EncoderShape& s, int kept) {
  const std::int64_t d = s.width, ffn = s.ffn;
  const std::int64_t convolutions = (3 * s.mels * d + d) + (3 * d * d + d);
  const std::int64_t attention = 4 * d * d + 3 * d;  // q, v and out have a bias, k has none
  const std::int64_t block = attention + (2 * d * ffn + ffn + d) + 2 * (2 * d);
  return convolutions + s.positions * d + kept * block + 2 * d;
}

GridCell lone_point(const Cell& cell, WorkloadPtr workload) {
  return {std::make_shared<const Cell>(cell), std::make_shared<const json>(json::object()), cell.seed,
          cell_hash(cell), std::move(workload)};
}

Grid expand(const SweepSpec& spec, const ShapeOf& shape_of) { return Expansion(spec, shape_of).run(); }

}  // namespace sweetspot::daemon
