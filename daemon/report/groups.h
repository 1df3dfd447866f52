// Which cells of a sweep tables compare with one another.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/report/report.h"

namespace sweetspot::daemon {

// One encoder at one setting of the further axes.
struct EncoderGroup {
  std::string encoder;
  nlohmann::json settings;
  int full = 0;          // its deepest depth in the sweep: the whole encoder
  std::set<int> depths;  // all of them
  std::set<std::string> languages;
  std::set<std::int64_t> seeds;
  std::vector<const CellResult*> cells;  // in the order of the sweep
  using Point = std::tuple<int, bool, std::string, std::int64_t>;  // layers, LoRA, language, seed
  std::map<Point, const CellResult*> by_point;                     // the first of each
  std::map<int, std::int64_t> params;                              // of the encoder, by depth

  const CellResult* find(int layers, bool lora, const std::string& language, std::int64_t seed) const;
  std::optional<int> pruned() const;                             // the next depth below the whole encoder
  std::optional<std::int64_t> encoder_params(int layers) const;  // as any finished run counted them
};

// In the order of the sweep. They point into `cells`, which must outlive them.
std::vector<EncoderGroup> encoder_groups(std::span<const CellResult> cells);

// The four cells that Tables 4 to 7 of arXiv 2603.27981 compare: the whole encoder and the encoder cut once,
// each without and with LoRA, in one language with one seed. Null: not in the sweep.
struct Quartet {
  const EncoderGroup* group = nullptr;
  std::string language;
  std::int64_t seed = 0;
  int layers = 0;  // of the cut encoder
  const CellResult *full = nullptr, *full_lora = nullptr, *pruned = nullptr, *pruned_lora = nullptr;
};
std::vector<Quartet> quartets(const std::vector<EncoderGroup>& groups);

// {encoder, language, seed, settings, layers, of}: what a row of those tables begins with.
nlohmann::json row_head(const Quartet& quartet);
std::vector<ReportColumn> head_columns();

// Adds to `missing` those of a quartet's `cells` that are in the sweep but not done. No two quartets share a cell.
void note_missing(Report& report, std::initializer_list<const CellResult*> cells);

// Why these cells cannot be compared utterance by utterance, as a sentence; empty: they can.
std::string why_not_paired(std::initializer_list<const CellResult*> cells);
// The same for their corpus WERs: then utterances need not be known, but must be the same where they are.
std::string why_not_compared(std::initializer_list<const CellResult*> cells);

}  // namespace sweetspot::daemon
