// Storing the evaluation that ends a run: once, complete, or not at all.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "daemon/store/commit.h"
#include "daemon/store/event_log.h"
#include "daemon/store/result_files.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {

// In a savepoint, so that what a worker got wrong takes its own rows back and nobody else's. Only the
// worker's faults are rejections; a full disk or a broken file fails the whole commit.
Status Commit::write(const ResultStored& change) {
  if (Status opened = database_.run("SAVEPOINT result"); !opened) return opened;
  Status written = write_result(change);
  if (!written) {
    const std::string& code = written.error().code;
    if (code != "result_unverified" && code != "result_conflict" && code != "stale_fence" &&
        code != "database_constraint") {
      return written;
    }
    rejected.push_back({change, written.error()});
    if (Status undone = database_.run("ROLLBACK TO result"); !undone) return undone;
  }
  return database_.run("RELEASE result");
}

Status Commit::write_result(const ResultStored& change) {
  const auto [run, fence] = change.done.grant;
  const RunResult& result = change.done.result;

  auto known = database_.one<std::string>("SELECT sha256 FROM result WHERE run = ?", run);
  if (!known) return known.error();
  if (*known && **known == result.utterances_sha256) return success();  // sent again: our Ack was lost
  if (*known)
    return Error{"result_conflict", fmt::format("{} has another result already", to_string(run)), ""};

  const auto attempt = attempt_directory(directory_, change.done.grant);
  auto utterances = read_verified_utterances(attempt, result);
  if (!utterances) return utterances.error();
  auto artifacts = list_artifacts(attempt);
  if (!artifacts) return artifacts.error();

  Status written = write(RunChanged{change.run});
  if (!written) return written;
  written = database_.run("UPDATE run SET wer = ?, val_wer = ?, epoch = ? WHERE id = ? AND fence = ?",
                          result.words.rate(), result.validation_wer, result.epochs, run, fence);
  if (!written) return written;
  if (database_.changes() == 0) {
    return Error{"stale_fence", fmt::format("{} was granted after {}", to_string(run), to_string(fence)), ""};
  }
  if (written = write(AttemptEnded{fence, "succeeded", ""}); !written) return written;
  const EditCounts& words = result.words;
  const ParameterCounts& parameters = result.parameters;
  written = database_.run(
      "INSERT INTO result (run, fence, sha256, document, hits, substitutions, deletions, insertions, "
      "encoder_params,"
      " projector_params, adapter_params, llm_params, stored_at, resumed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
      "?, ?, ?, "
      "?, ?)",
      run, fence, result.utterances_sha256, dump_json(to_json(result)), words.hits, words.substitutions,
      words.deletions, words.insertions, parameters.encoder, parameters.projector, parameters.adapter,
      parameters.llm, utc_now(), resumption_of(attempt));
  if (!written) return written;
  for (const ArtifactFile& file : *artifacts) {
    written = database_.run("INSERT INTO artifact (run, fence, name, size, sha256) VALUES (?, ?, ?, ?, ?)",
                            run, fence, file.name, file.size, file.sha256);
    if (!written) return written;
  }
  return insert_utterances(database_, run, *utterances);
}

Status insert_utterances(Database& database, RunId run, const std::vector<UtteranceResult>& utterances) {
  std::int64_t number = 0;
  for (const UtteranceResult& u : utterances) {
    Status written =
        database.run("INSERT INTO utterance VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", run,
                     number++, u.id, u.audio, u.seconds, u.reference, u.hypothesis, u.alignment, u.words.hits,
                     u.words.substitutions, u.words.deletions, u.words.insertions, u.characters.hits,
                     u.characters.substitutions, u.characters.deletions, u.characters.insertions);
    if (!written) return written;
  }
  return success();
}

}  // namespace sweetspot::daemon
