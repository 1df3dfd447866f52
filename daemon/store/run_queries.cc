// Reader: runs, their curves, samples and files.
#include <algorithm>
#include <array>
#include <cmath>

#include "daemon/store/cell_rows.h"
#include "daemon/store/queries.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// Rows without a value come last in either direction.
struct Sort {
  std::string_view name, key;
  bool descending;
  bool is_place() const { return key == kPlace; }
  // In one number for a cursor; rows are ordered by its two parts, of which there is an index.
  static constexpr std::string_view kPlace = "run.sweep * 4294967296 + run.position";
};
constexpr std::array kRunSorts = {
    Sort{"position", Sort::kPlace, false},
    Sort{"-position", Sort::kPlace, true},
    Sort{"id", "run.id", false},
    Sort{"-id", "run.id", true},
    Sort{"wer", "coalesce(run.wer, 1e300)", false},
    Sort{"-wer", "coalesce(run.wer, -1.0)", true},
    Sort{"val_wer", "coalesce(run.val_wer, 1e300)", false},
    Sort{"-val_wer", "coalesce(run.val_wer, -1.0)", true},
    Sort{"layers", "run.layers", false},
    Sort{"-layers", "run.layers", true},
    Sort{"started_at", "coalesce(run.started_at, '~')", false},
    Sort{"-started_at", "coalesce(run.started_at, '')", true},
    Sort{"ended_at", "coalesce(run.ended_at, '~')", false},
    Sort{"-ended_at", "coalesce(run.ended_at, '')", true},
};
constexpr std::array kSampleSorts = {
    Sort{"number", "number", false},
    Sort{"-errors", "substitutions + deletions + insertions", true},
};

template <std::size_t N>
const Sort* find_sort(const std::array<Sort, N>& sorts, std::string_view name) {
  auto found = std::find_if(sorts.begin(), sorts.end(), [&](const Sort& sort) { return sort.name == name; });
  return found == sorts.end() ? nullptr : &*found;
}

Error unknown_sort(const std::string& name) {
  return {"unknown_sort", "There is no sort '" + name + "'.", "GET /api/openapi.json lists the sorts.", ""};
}

// A WHERE clause with the values it binds, in order.
struct Where {
  std::string sql = "1";
  std::vector<json> values;
  void add(std::string_view condition, std::vector<json> bound) {
    sql += " AND ";
    sql += condition;
    for (json& value : bound) values.push_back(std::move(value));
  }
  template <class List>
  void add_one_of(const std::string& column, const List& list) {
    if (!list.empty()) add(column + " IN (SELECT value FROM json_each(?))", {json(list).dump()});
  }
  void add_page(const Sort& sort, std::string_view id, const std::optional<Keyset>& after) {
    if (!after) return;
    const std::string beyond = sort.descending ? " < " : " > ";
    if (sort.is_place()) {
      const auto place =
          after->key.is_number() ? after->key.get<std::int64_t>() : 0;  // a cursor can be made up
      add("(run.sweep, run.position, run.id)" + beyond + "(?, ?, ?)",
          {place >> 32, place & 0xffffffff, after->id});
    } else {
      add("(" + std::string(sort.key) + ", " + std::string(id) + ")" + beyond + "(?, ?)",
          {after->key, after->id});
    }
  }
  void bind_to(Statement& statement) const {
    for (const json& value : values) {
      if (value.is_number_integer()) statement.bind(value.get<std::int64_t>());
      else if (value.is_number()) statement.bind(value.get<double>());
      else statement.bind(value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
};

std::string order(const Sort& sort, std::string_view id) {
  const std::string direction = sort.descending ? " DESC" : "";
  const std::string key =
      sort.is_place() ? "run.sweep" + direction + ", run.position" : std::string(sort.key);
  return " ORDER BY " + key + direction + ", " + std::string(id) + direction + " LIMIT ?";
}

Where where(const RunFilter& filter) {
  Where clause;
  if (filter.sweep) clause.add("run.sweep = ?", {filter.sweep->value});
  std::vector<std::string> states;
  for (RunState state : filter.states) states.emplace_back(to_string(state));
  clause.add_one_of("run.state", states);
  clause.add_one_of("run.encoder", filter.encoders);
  clause.add_one_of("run.language", filter.languages);
  clause.add_one_of("run.layers", filter.layers);
  clause.add_one_of("run.seed", filter.seeds);
  if (filter.lora) clause.add("run.lora = ?", {*filter.lora ? 1 : 0});
  for (const std::string& tag : filter.tags)
    clause.add("? IN (SELECT value FROM json_each(run.tags))", {tag});
  return clause;
}

constexpr std::string_view kRunColumns = R"(
  run.id, run.sweep, position, encoder, language, settings, layers, lora, seed, state, reason_code, reason, hint,
  run.fence, attempt, device, phase, step, steps, epoch, val_wer, wer, started_at, ended_at, revision,
  coalesce(published.encoder_params, nullif(result.encoder_params, 0)), coalesce(projector_params, 0),
  coalesce(published.adapter_params, result.adapter_params, 0), coalesce(llm_params, 0),
  hits, substitutions, deletions, insertions, reduction,
  (SELECT source <> '' FROM sweep WHERE sweep.id = run.sweep), cell_hash, coalesce(sha256, ''),
  coalesce((SELECT build FROM attempt JOIN worker ON worker.id = attempt.worker
            WHERE attempt.fence = result.fence), ''), run.note, run.tags, coalesce(result.resumed, '')
  FROM run LEFT JOIN result ON result.run = run.id LEFT JOIN published ON published.run = run.id)";

constexpr int kSortKey = 41;  // the column that runs() adds to those

RunRow run_row(const Row& row) {
  RunRow run{.id = row.get<RunId>(0),
             .sweep = row.get<SweepId>(1),
             .position = row.get<std::int64_t>(2),
             .encoder = row.get<std::string>(3),
             .language = row.get<std::string>(4),
             .settings = row.get<std::string>(5),
             .layers = row.get<int>(6),
             .lora = row.get<bool>(7),
             .seed = row.get<std::int64_t>(8),
             .state = parse_run_state(row.get<std::string_view>(9)).value_or(RunState::failed),
             .reason_code = row.get<std::string>(10),
             .reason = row.get<std::string>(11),
             .hint = row.get<std::string>(12),
             .fence = row.get<Fence>(13),
             .attempt = row.get<int>(14),
             .device = row.get<std::string>(15),
             .phase = row.get<std::string>(16),
             .step = row.get<std::int64_t>(17),
             .steps = row.get<std::int64_t>(18),
             .epoch = row.get<std::int64_t>(19),
             .val_wer = row.get<std::optional<double>>(20),
             .wer = row.get<std::optional<double>>(21),
             .started_at = row.get<std::optional<std::string>>(22),
             .ended_at = row.get<std::optional<std::string>>(23),
             .revision = row.get<std::int64_t>(24)};
  if (!row.is_null(25))
    run.params = {row.get<std::int64_t>(25), row.get<std::int64_t>(26), row.get<std::int64_t>(27),
                  row.get<std::int64_t>(28)};
  if (!row.is_null(29))
    run.words = {row.get<std::int64_t>(29), row.get<std::int64_t>(30), row.get<std::int64_t>(31),
                 row.get<std::int64_t>(32)};
  run.reduction = row.get<std::optional<double>>(33);
  run.imported = row.get<bool>(34);
  run.cell_hash = row.get<std::string>(35);
  run.result = row.get<std::string>(36);
  run.build = row.get<std::string>(37);
  run.note = row.get<std::string>(38);
  run.tags = row.get<std::string>(39);
  run.resumed = row.get<std::string>(40);
  return run;
}

constexpr std::string_view kUtteranceColumns = R"(
  number, id, audio, seconds, reference, hypothesis, alignment, hits, substitutions, deletions, insertions,
  char_hits, char_substitutions, char_deletions, char_insertions)";

UtteranceResult utterance_row(const Row& row) {
  const auto count = [&](int column) { return row.get<std::int64_t>(column); };
  return {.id = row.get<std::string>(1),
          .audio = row.get<std::string>(2),
          .seconds = row.get<double>(3),
          .reference = row.get<std::string>(4),
          .hypothesis = row.get<std::string>(5),
          .alignment = row.get<std::string>(6),
          .words = {count(7), count(8), count(9), count(10)},
          .characters = {count(11), count(12), count(13), count(14)}};
}

}  // namespace

Result<std::optional<RunRow>> Reader::run(RunId id) {
  std::optional<RunRow> found;
  Status status = database_.each(
      "SELECT " + std::string(kRunColumns) + " WHERE run.id = ?",
      [&](const Row& row) { found = run_row(row); }, id);
  return status ? Result<std::optional<RunRow>>(std::move(found)) : status.error();
}

Result<RunFiles> Reader::run_files(RunId id) {
  auto cell = load_cell_text(database_, id);
  if (!cell) return cell.error();
  auto document = database_.one<std::string>("SELECT document FROM result WHERE run = ?", id);
  if (!document) return document.error();
  return RunFiles{cell->value_or(""), *std::move(document)};
}

Result<Page<RunRow>> Reader::runs(const RunQuery& query) {
  const Sort* sort = find_sort(kRunSorts, query.sort);
  if (!sort) return unknown_sort(query.sort);
  Where clause = where(query.filter);
  clause.add_page(*sort, "run.id", query.after);

  std::string columns(kRunColumns);
  columns.insert(columns.find("FROM run LEFT"), ", " + std::string(sort->key) + " ");
  auto statement = database_.prepare("SELECT " + columns + " WHERE " + clause.sql + order(*sort, "run.id"));
  if (!statement) return statement.error();
  clause.bind_to(*statement);
  statement->bind(query.limit + 1);

  Page<RunRow> page;
  json last_key;
  Status status = statement->each([&](const Row& row) {
    if (page.items.size() == std::size_t(query.limit)) {
      page.next = Keyset{last_key, page.items.back().id.value};
      return;
    }
    page.items.push_back(run_row(row));
    last_key = sort->name.ends_with("_at")   ? json(row.get<std::string>(kSortKey))
               : sort->name.ends_with("wer") ? json(row.get<double>(kSortKey))
                                             : json(row.get<std::int64_t>(kSortKey));
  });
  return status ? Result<Page<RunRow>>(std::move(page)) : status.error();
}

Result<std::int64_t> Reader::count_runs(const RunFilter& filter) {
  const Where clause = where(filter);
  auto statement = database_.prepare("SELECT count(*) FROM run WHERE " + clause.sql);
  if (!statement) return statement.error();
  clause.bind_to(*statement);
  std::int64_t count = 0;
  Status status = statement->each([&](const Row& row) { count = row.get<std::int64_t>(0); });
  return status ? Result<std::int64_t>(count) : status.error();
}

Result<std::vector<AttemptRow>> Reader::attempts(RunId run) {
  std::vector<AttemptRow> attempts;
  Status status = database_.each(
      R"(SELECT number, fence, worker, device, started_at, outcome, reason, ended_at
         FROM attempt WHERE run = ? ORDER BY fence)",
      [&](const Row& row) {
        attempts.push_back({row.get<int>(0), row.get<Fence>(1), row.get<WorkerId>(2), row.get<std::string>(3),
                            row.get<std::string>(4), row.get<std::string>(5), row.get<std::string>(6),
                            row.get<std::optional<std::string>>(7)});
      },
      run);
  return status ? Result<std::vector<AttemptRow>>(std::move(attempts)) : status.error();
}

Result<std::map<std::string, std::vector<Point>>> Reader::curve(RunId run, Fence fence) {
  std::map<std::string, std::vector<Point>> series;
  Status status = database_.each(
      "SELECT name, step, value FROM metric WHERE run = ? AND fence = ? ORDER BY name, step",
      [&](const Row& row) {
        series[row.get<std::string>(0)].emplace_back(row.get<std::int64_t>(1),
                                                     row.get<std::optional<double>>(2));
      },
      run, fence);
  return status ? Result<std::map<std::string, std::vector<Point>>>(std::move(series)) : status.error();
}

Result<std::vector<EpochRow>> Reader::epochs(RunId run, Fence fence) {
  std::vector<EpochRow> epochs;
  Status status = database_.each(
      R"(SELECT epoch, step, train_loss, lr, val_wer, seconds, best FROM epoch
         WHERE run = ? AND fence = ? ORDER BY epoch)",
      [&](const Row& row) {
        using Real = std::optional<double>;
        epochs.push_back({row.get<int>(0), row.get<std::int64_t>(1), row.get<Real>(2), row.get<Real>(3),
                          row.get<Real>(4), row.get<double>(5), row.get<bool>(6)});
      },
      run, fence);
  return status ? Result<std::vector<EpochRow>>(std::move(epochs)) : status.error();
}

Result<Page<SampleRow>> Reader::samples(const SampleQuery& query) {
  const Sort* sort = find_sort(kSampleSorts, query.sort);
  if (!sort) return unknown_sort(query.sort);
  Where clause;
  clause.add("run = ?", {query.run.value});
  if (!query.contains.empty())
    clause.add("(instr(reference, ?) OR instr(hypothesis, ?))", {query.contains, query.contains});
  clause.add_page(*sort, "number", query.after);
  auto statement = database_.prepare("SELECT " + std::string(kUtteranceColumns) + " FROM utterance WHERE " +
                                     clause.sql + order(*sort, "number"));
  if (!statement) return statement.error();
  clause.bind_to(*statement);
  statement->bind(query.limit + 1);

  Page<SampleRow> page;
  Status status = statement->each([&](const Row& row) {
    page.items.push_back({row.get<std::int64_t>(0), utterance_row(row)});
  });
  if (!status) return status.error();
  if (page.items.size() > std::size_t(query.limit)) {
    page.items.pop_back();
    const SampleRow& last = page.items.back();
    page.next = Keyset{sort->name == "number" ? last.number : last.utterance.words.errors(), last.number};
  }
  return page;
}

Result<std::int64_t> Reader::count_samples(RunId run, const std::string& contains) {
  auto count = database_.one<std::int64_t>(
      "SELECT count(*) FROM utterance WHERE run = ?1 AND (?2 = '' OR instr(reference, ?2) OR "
      "instr(hypothesis, ?2))",
      run, contains);
  return count ? Result<std::int64_t>(count->value_or(0)) : count.error();
}

Result<std::vector<UtteranceResult>> Reader::utterances(RunId run, const std::vector<std::int64_t>& numbers) {
  std::vector<UtteranceResult> utterances;
  Status status = database_.each(
      "SELECT " + std::string(kUtteranceColumns) +
          " FROM utterance WHERE run = ? AND number IN (SELECT value FROM json_each(?)) ORDER BY number",
      [&](const Row& row) { utterances.push_back(utterance_row(row)); }, run, json(numbers).dump());
  return status ? Result<std::vector<UtteranceResult>>(std::move(utterances)) : status.error();
}

Result<std::optional<std::string>> Reader::sample_audio(RunId run, std::int64_t number) {
  return database_.one<std::string>("SELECT audio FROM utterance WHERE run = ? AND number = ?", run, number);
}

Result<std::vector<ArtifactRow>> Reader::artifacts(RunId run) {
  std::vector<ArtifactRow> artifacts;
  Status status = database_.each(
      "SELECT name, sha256, size, fence FROM artifact WHERE run = ? ORDER BY fence, name",
      [&](const Row& row) {
        artifacts.push_back(
            {row.get<std::string>(0), row.get<std::string>(1), row.get<std::int64_t>(2), row.get<Fence>(3)});
      },
      run);
  return status ? Result<std::vector<ArtifactRow>>(std::move(artifacts)) : status.error();
}

// The first and the last point, and between them of stretches of equal length the lowest and the highest; a
// point that is not finite counts as highest.
std::vector<Point> thinned(const std::vector<Point>& points, std::size_t limit) {
  if (points.size() <= limit || limit < 2) return points;
  const auto less = [](const Point& a, const Point& b) {
    return a.second.value_or(INFINITY) < b.second.value_or(INFINITY);
  };
  std::vector<Point> kept = {points.front()};
  const std::size_t stretches = (limit - 2) / 2, between = points.size() - 2;
  for (std::size_t i = 0; i < stretches; ++i) {
    const auto begin = points.begin() + 1 + std::ptrdiff_t(i * between / stretches);
    const auto end = points.begin() + 1 + std::ptrdiff_t((i + 1) * between / stretches);
    auto [low, high] = std::minmax_element(begin, end, less);
    if (high < low) std::swap(low, high);
    kept.push_back(*low);
    if (low != high) kept.push_back(*high);
  }
  kept.push_back(points.back());
  return kept;
}

}  // namespace sweetspot::daemon
