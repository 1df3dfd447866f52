#include "daemon/report/wer_table.h"

#include <algorithm>
#include <map>

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

struct Encoder {
  int full = 0;                        // its deepest depth in the sweep
  std::map<int, std::int64_t> params;  // by depth, where counted
};

std::map<std::string, Encoder> encoders_of(std::span<const CellResult> cells) {
  std::map<std::string, Encoder> encoders;
  for (const CellResult& cell : cells) {
    Encoder& encoder = encoders[cell.encoder];
    encoder.full = std::max(encoder.full, cell.layers);
    if (cell.params) encoder.params[cell.layers] = cell.params->encoder;
  }
  return encoders;
}

json params_of(const Encoder& encoder, int layers) {
  auto found = encoder.params.find(layers);
  return found == encoder.params.end() ? json() : json(found->second);
}

json reduction_of(const Encoder& encoder, int layers) {
  const json kept = params_of(encoder, layers), whole = params_of(encoder, encoder.full);
  if (kept.is_null() || whole.is_null() || whole == 0) return nullptr;
  return 1.0 - kept.get<double>() / whole.get<double>();
}

}  // namespace

Report wer_table(std::span<const CellResult> cells) {
  const auto encoders = encoders_of(cells);
  Report table{
      .name = "wer",
      .definition =
          "Corpus WER of the test split: substitutions, deletions and insertions of all utterances over all "
          "reference words. Reduction: the share of the encoder's parameters that was cut, against its "
          "deepest depth in this sweep.",
      .columns = {{"encoder", "Encoder"},
                  {"layers", "Layers", ColumnKind::integer},
                  {"language", "Language"},
                  {"lora", "LoRA"},
                  {"seed", "Seed", ColumnKind::integer},
                  {"wer", "WER", ColumnKind::ratio},
                  {"wer_low", "low", ColumnKind::ratio},
                  {"wer_high", "high", ColumnKind::ratio},
                  {"params", "Parameters", ColumnKind::integer},
                  {"reduction", "Reduction", ColumnKind::ratio},
                  {"state", "State"},
                  {"run", "Run"}}};
  add_settings_column(table, cells);
  std::size_t done = 0;
  json best;
  for (const CellResult& cell : cells) {
    const Encoder& encoder = encoders.at(cell.encoder);
    const json wer = cell.words ? json(cell.words->rate()) : json();
    table.rows.push_back({{"encoder", cell.encoder},
                          {"layers", cell.layers},
                          {"language", cell.language},
                          {"lora", cell.lora},
                          {"seed", cell.seed},
                          {"settings", cell.settings},
                          {"wer", wer},
                          {"wer_low", nullptr},
                          {"wer_high", nullptr},
                          {"params", params_of(encoder, cell.layers)},
                          {"reduction", reduction_of(encoder, cell.layers)},
                          {"state", to_string(cell.state)},
                          {"run", to_string(cell.run)}});
    if (!cell.words) {
      table.missing.push_back(missing_cell(cell));
      continue;
    }
    ++done;
    if (best.is_null() || wer < best) best = wer;
  }
  table.summary = {{"done", done}, {"of", cells.size()}, {"best", best}};
  return table;
}

}  // namespace sweetspot::daemon
