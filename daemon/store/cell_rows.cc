#include "daemon/store/cell_rows.h"

#include <nlohmann/json.hpp>

#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace {

// A run's cell as it stands in the rows: whole, or what it is made of.
struct CellRow {
  std::string whole;
  std::optional<std::string> base;
  std::int64_t seed = 0;
  std::string settings;
};

Result<std::optional<CellRow>> cell_row(Database& database, RunId run) {
  std::optional<CellRow> found;
  Status read = database.each(
      "SELECT run.cell, cell_base.cell, seed, settings FROM run"
      " LEFT JOIN cell_base ON cell_base.sweep = run.sweep AND cell_base.number = run.base WHERE run.id = ?",
      [&](const Row& row) {
        found = {row.get<std::string>(0), row.get<std::optional<std::string>>(1), row.get<std::int64_t>(2),
                 row.get<std::string>(3)};
      },
      run);
  return read ? Result<std::optional<CellRow>>(std::move(found)) : read.error();
}

Result<Cell> parse_cell(const std::string& text) {
  const auto document = parse_json(text);
  if (!document) return document.error();
  auto cell = cell_from_json(*document);
  return cell ? Result<Cell>(*std::move(cell)) : cell.error().front();
}

Result<Cell> cell_in(const CellRow& row) {
  auto cell = parse_cell(row.base ? *row.base : row.whole);
  if (!cell || !row.base) return cell;
  const auto settings = parse_json(row.settings);
  return settings ? Result<Cell>(with_settings(*std::move(cell), row.seed, *settings)) : settings.error();
}

}  // namespace

Result<std::int64_t> CellBases::number_of(const std::shared_ptr<const Cell>& base) {
  const auto [known, is_new] = known_.try_emplace(base, std::int64_t(known_.size()));
  if (!is_new) return known->second;
  Status stored = database_.run("INSERT INTO cell_base (sweep, number, cell) VALUES (?, ?, ?)", sweep_,
                                known->second, dump_json(to_json(*base)));
  return stored ? Result<std::int64_t>(known->second) : stored.error();
}

Result<std::optional<Cell>> load_cell(Database& database, RunId run) {
  const auto row = cell_row(database, run);
  if (!row) return row.error();
  if (!*row) return std::optional<Cell>();
  auto cell = cell_in(**row);
  return cell ? Result<std::optional<Cell>>(*std::move(cell)) : cell.error();
}

Result<std::optional<std::string>> load_cell_text(Database& database, RunId run) {
  const auto row = cell_row(database, run);
  if (!row) return row.error();
  if (!*row) return std::optional<std::string>();
  if (!(*row)->base) return std::optional((*row)->whole);
  const auto cell = cell_in(**row);
  return cell ? Result<std::optional<std::string>>(dump_json(to_json(*cell))) : cell.error();
}

}  // namespace sweetspot::daemon
