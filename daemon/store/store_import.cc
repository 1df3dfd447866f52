// Storing results that come from elsewhere.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "daemon/store/commit.h"
#include "daemon/store/event_log.h"
#include "daemon/store/idempotency.h"
#include "daemon/store/store_impl.h"
#include "daemon/store/workload_rows.h"
#include "schemas/json_text.h"
#include "schemas/sha256.h"

namespace sweetspot::daemon {
namespace {

// The import that is added to, or a new one.
Result<SweepId> sweep_for(Database& database, const ImportedResults& results) {
  if (results.into) {
    auto source = database.one<std::string>("SELECT source FROM sweep WHERE id = ?", *results.into);
    if (!source) return source.error();
    if (!*source)
      return Error{"not_found", fmt::format("there is no sweep {}", to_string(*results.into)), ""};
    if ((*source)->empty())
      return Error{"own_sweep", fmt::format("{} holds runs made here", to_string(*results.into)),
                   "leave `into` out: imported results are kept in a sweep of their own", "/into"};
    auto normalizer = database.one<std::string>(
        "SELECT coalesce(spec ->> '$.normalizer', '') FROM sweep WHERE id = ?", *results.into);
    if (!normalizer) return normalizer.error();
    const std::string ours = results.about.value("normalizer", "");
    if (normalizer_with_version(**normalizer) != normalizer_with_version(ours))
      return Error{"normalizer_differs",
                   fmt::format("the words of {} are normalised by another rule: '{}', not '{}'",
                               to_string(*results.into), **normalizer, ours),
                   "name the same one as `normalizer`, or leave `into` out", "/normalizer"};
    return *results.into;
  }
  Status stored = database.run("INSERT INTO sweep (name, spec, created_at, source) VALUES (?, ?, ?, ?)",
                               results.name, dump_json(results.about), utc_now(), results.source);
  if (!stored) return stored.error();
  return SweepId{database.last_insert_id()};
}

Status insert_result(Database& database, RunId run, const ImportedCell& cell) {
  RunResult result{.utterances = std::int64_t(cell.utterances.size()), .build = "imported"};
  std::string texts;
  for (const UtteranceResult& utterance : cell.utterances) {
    result.words += utterance.words, result.characters += utterance.characters;
    result.audio_seconds += utterance.seconds;
    texts += fmt::format("{}\n{}\n", utterance.reference, utterance.hypothesis);
  }
  result.batch_mean_wer = batch_mean_wer(cell.utterances);
  result.utterances_sha256 = sha256_hex(texts);
  result.test = {result.utterances, result.audio_seconds, 0};
  const EditCounts& words = result.words;
  Status stored = database.run(
      "INSERT INTO result (run, fence, sha256, document, hits, substitutions, deletions, insertions, "
      "encoder_params, "
      "projector_params, adapter_params, llm_params, stored_at) VALUES (?, 0, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, "
      "?)",
      run, result.utterances_sha256, dump_json(to_json(result)), words.hits, words.substitutions,
      words.deletions, words.insertions, utc_now());
  if (stored) stored = insert_utterances(database, run, cell.utterances);
  if (!stored) return stored;
  return database.run("UPDATE run SET wer = ? WHERE id = ?", words.rate(), run);
}

Result<Run> insert_cell(Database& database, SweepId sweep, const ImportedCell& cell) {
  const std::string identity = dump_json(identity_of(cell));
  const std::string hash = sha256_hex(identity);
  auto workload = WorkloadRows(database).id_of(kNoWorkload);
  if (!workload) return workload.error();
  Status stored = database.run("DELETE FROM run WHERE sweep = ? AND cell_hash = ?", sweep, hash);
  if (!stored) return stored.error();
  stored = database.run(
      "INSERT INTO run (sweep, position, cell_hash, cell, workload, encoder, layers, language, lora, seed, "
      "settings, "
      "state, wer) VALUES (?1, (SELECT coalesce(max(position) + 1, 0) FROM run WHERE sweep = ?1), ?, ?, ?, "
      "?, ?, ?, "
      "?, ?, ?, 'succeeded', ?)",
      sweep, hash, identity, *workload, cell.encoder, cell.layers, cell.language, cell.lora, cell.seed,
      dump_json(cell.settings), cell.wer);
  if (!stored) return stored.error();
  const RunId run{database.last_insert_id()};
  stored = database.run("INSERT INTO published VALUES (?, ?, ?, ?)", run, cell.encoder_params,
                        cell.adapter_params, cell.reduction);
  if (stored && !cell.utterances.empty()) stored = insert_result(database, run, cell);
  if (!stored) return stored.error();
  return Run{.id = run, .sweep = sweep, .status = Succeeded{}};
}

Result<SweepAdded> insert_results(Database& database, const ImportedResults& results) {
  auto sweep = sweep_for(database, results);
  if (!sweep) return sweep.error();
  SweepAdded added{{.id = *sweep}, {}};
  for (const ImportedCell& cell : results.cells) {
    auto run = insert_cell(database, *sweep, cell);
    if (!run) return run.error();
    added.runs.push_back(*std::move(run));
  }
  return added;
}

}  // namespace

Result<SweepAdded> Store::insert_imported(const ImportRequest& request) {
  Database& database = impl_->database;
  return add_once(database, impl_->begin(), request.idempotency,
                  [&] { return insert_results(database, request.results); });
}

}  // namespace sweetspot::daemon
